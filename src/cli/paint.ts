/** Colour for the few words that a reader looks for first. */
const CODES = { good: 32, bad: 31, open: 33, quiet: 2, strong: 1 } as const;
export type Tone = keyof typeof CODES;

export type Paint = (tone: Tone, text: string) => string;

export function painter(colour: boolean): Paint {
  return colour ? (tone, text) => `\x1b[${CODES[tone]}m${text}\x1b[0m` : (_tone, text) => text;
}
