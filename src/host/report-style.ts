/** The style sheet of report.html: system fonts, light and dark by the reader's preference. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --line: #d5dae0; --quiet: #5b6570;
  --good: #1a7f37; --bad: #c62828; --open: #8a6100;
  --user: #3b7dd8; --system: #d9822b; --softirq: #9c5bd1; --irq: #d14b6f; --idle: #e4e8ec; --steal: #4f9a94; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7eb; --paper: #14171b; --line: #343b43; --quiet: #98a2ad;
  --good: #56c271; --bad: #ff7b72; --open: #d9a93a; --idle: #2a3037; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 78rem; margin: 0 auto; padding: 1.5rem; overflow-x: auto; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; }
dt, .key, footer { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--quiet); } .n { text-align: right; } .whole { white-space: nowrap; }
pre { overflow-x: auto; padding: .6rem .8rem; border: 1px solid var(--line); border-radius: .3rem; white-space: pre-wrap; }
.verdict { font-weight: 600; } .held { color: var(--good); } .broken { color: var(--bad); }
.limit, .interrupted, .not-exercised { color: var(--open); }
.bar { display: flex; width: 12rem; height: 1rem; margin-top: .2rem; } .bar i { display: block; }
.key i { display: inline-block; width: .8rem; height: .8rem; margin: 0 .2rem 0 .6rem; vertical-align: -.1rem; }
.user { background: var(--user); } .system { background: var(--system); } .softirq { background: var(--softirq); }
.irq { background: var(--irq); } .idle { background: var(--idle); } .steal { background: var(--steal); }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .6rem; }
`;
