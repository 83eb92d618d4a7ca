/** The look of every page of the simulator: a phone's payment sheet, one accent, light and dark. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#14161a;--muted:#667085;--line:#e6e8ec;--paper:#fff;--ground:#f3f4f3;--accent:#06753f;--on-accent:#fff;--bad:#b42318;--bad-ground:#fef3f2;--warn:#b54708;--warn-ground:#fff6ed}
@media (prefers-color-scheme:dark){:root{--ink:#f2f4f7;--muted:#98a2b3;--line:#2a2f37;--paper:#16191f;--ground:#0e1014;--accent:#5fd3a0;--on-accent:#06150d;--bad:#ff9a90;--bad-ground:#2a1513;--warn:#fdb022;--warn-ground:#241a0c}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
main{max-inline-size:400px;margin-inline:auto;padding:16px}
.card{background:var(--paper);border:1px solid var(--line);border-radius:16px;padding:20px}
.head{display:flex;align-items:center;justify-content:space-between;gap:12px}
h1{font-size:17px;font-weight:600;margin:0}
.mode{font-size:13px;font-weight:600;color:var(--warn);background:var(--warn-ground);border-radius:6px;padding:2px 8px}
.amount{font-size:36px;font-weight:600;font-variant-numeric:tabular-nums;text-align:center;margin:28px 0 4px}
.for{text-align:center;margin:0 0 24px;overflow-wrap:anywhere}
dl{margin:0 0 20px;border-block-start:1px solid var(--line)}
dl div{display:flex;justify-content:space-between;gap:16px;padding:8px 0;border-block-end:1px solid var(--line)}
dt{color:var(--muted)}
dd{margin:0;text-align:end;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
button,.button{display:block;inline-size:100%;min-block-size:48px;padding:12px 16px;border:0;border-radius:10px;font:inherit;font-size:17px;font-weight:600;text-align:center;text-decoration:none;cursor:pointer;background:var(--accent);color:var(--on-accent)}
button.quiet,.button.quiet{background:transparent;color:inherit;border:1px solid var(--line);margin-block-start:12px}
:focus-visible{outline:3px solid color-mix(in srgb,var(--accent) 60%,transparent);outline-offset:2px}
.alert{color:var(--bad);background:var(--bad-ground);border-radius:10px;padding:12px;margin:16px 0}
`
