/**
 * The dumb twin of the rt-app parser: counts the events of a file from its bare words and brackets.
 * It knows no types and builds no tree; what it shares with the parser is only the list of names.
 */
const EVENTS = new RegExp(
  '^(lock|unlock|wait|signal|broad|sync|sleep|run|timer|suspend|resume|mem|iorun|yield|barrier|fork|sem_post|sem_wait)'
  + '|^(syscall|slack|timeout|io|itimer|pipe|call|clock_nanosleep|posix_timer|posix_timer_gettime|posix_timer_delete|fd_timer|fd_read'
  + '|sigmask|pause|free|reap|guest|cputimer)\\d*$',
);

/** Event keys of each task, in file order: phases of a task one after the other. */
export function countEvents(text: string): string[][] {
  const oneQuote = text.replaceAll("'", '"');
  const bare = oneQuote.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|("(?:[^"\\\n]|\\.)*")/g, (_, string?: string) => string ?? ' ');
  const words = bare.match(/"(?:[^"\\\n]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g) ?? [];
  const tasks: { direct: string[]; inPhases: string[]; hasPhases: boolean }[] = [];
  const path: string[] = [];
  let key = '';
  let inArray = 0;
  words.forEach((word, i) => {
    if (word === '[') inArray += 1;
    else if (word === ']') inArray -= 1;
    else if (inArray > 0) return;
    else if (word === '{') path.push(key);
    else if (word === '}') path.pop();
    else if (word.startsWith('"') && words[i - 1] !== ':') {
      key = word.slice(1, -1);
      if (path[1] !== 'tasks') return;
      const depth = path.length;
      if (depth === 2) tasks.push({ direct: [], inPhases: [], hasPhases: false });
      else if (depth === 3 && key === 'phases') tasks.at(-1)!.hasPhases = true;
      else if (depth === 3 && EVENTS.test(key)) tasks.at(-1)!.direct.push(key);
      else if (depth === 5 && path[3] === 'phases' && EVENTS.test(key)) tasks.at(-1)!.inPhases.push(key);
    }
  });
  return tasks.map((task) => (task.hasPhases ? task.inPhases : task.direct));
}
