"""The style sheet of the page: light and dark, on a phone and on paper."""

CSS = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --page: #fff; --line: #d1d9e0; --card: #f6f8fa;
  --wanted: #0969da; --there: #8c959f; --alarm: #b35900; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --page: #0d1117; --line: #3d444d;
  --card: #151b23; --wanted: #4493f8; --there: #656c76; --alarm: #e8a33d; } }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; margin: .5rem 0 1rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
ul { padding-left: 1.2rem; }
li { margin: .2rem 0; overflow-wrap: anywhere; }
code { font: .875em ui-monospace, monospace; overflow-wrap: anywhere; unicode-bidi: isolate; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.counts { margin: 0 0 1rem; }
.counts th, .counts td { padding: .25rem .9rem .25rem 0; text-align: right; border-bottom: 1px solid var(--line); }
.counts tbody th, .counts th:first-child { text-align: left; font-weight: 500; }
.alarm { color: var(--alarm); font-weight: 600; }
.histogram { width: 100%; max-width: 34rem; height: auto; }
.histogram text { font: 14px system-ui, sans-serif; fill: var(--ink); }
.histogram .number { fill: var(--soft); font-size: 13px; }
.wanted { fill: var(--wanted); }
.there { fill: var(--there); }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; background: var(--card);
  padding: 0 .8rem; overflow: hidden; }
details.alarming { border-left: 4px solid var(--alarm); }
summary { cursor: pointer; padding: .55rem 0; font-weight: 500; overflow-wrap: anywhere; }
summary b { float: right; font-variant-numeric: tabular-nums; }
details p { margin: .2rem 0 .6rem; }
.rows { width: 100%; margin-bottom: .6rem; font-size: .92rem; }
.rows td { border-top: 1px solid var(--line); padding: .35rem .8rem .35rem 0; vertical-align: top;
  overflow-wrap: anywhere; }
.rows td:first-child { white-space: nowrap; color: var(--soft); }
@media (max-width: 40rem) { .rows tr { display: block; border-top: 1px solid var(--line); padding: .35rem 0; }
  .rows td { display: block; border: 0; padding: 0; } .rows td:last-child { color: var(--soft); } }
@media print { details { break-inside: avoid; } }
"""
