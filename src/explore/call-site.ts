/** Where the code stands that called in here, as `file.ts:line`. */

/** Views compile their accessors; whoever uses the view is meant. */
const ACCESSORS = 'dynticks/struct/';
/** So is whoever calls a memory that stands in between: all that do are in files named so. */
const MEMORIES = /-memory\.[jt]s:/;
const FRAME = /([^/\\(]+):(\d+):\d+\)?$/;

/** The first caller that is no method of `className` (the explored memory, or a test's subclass of it). */
export function siteOfCaller(className: string): string {
  const frames = (new Error('where').stack ?? '').split('\n').slice(1);
  const outside = frames.find((frame) =>
    !frame.includes(`at ${className}.`) && !frame.includes('siteOfCaller') && !frame.includes(ACCESSORS) && !MEMORIES.test(frame));
  const found = outside === undefined ? null : FRAME.exec(outside.trim());
  return found === null ? '' : `${found[1]}:${found[2]}`;
}
