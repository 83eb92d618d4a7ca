/** The look of every page of the simulator: quiet, one accent, light and dark, phone first. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#14161a;--muted:#667085;--line:#e6e8ec;--paper:#fff;--ground:#f6f7f9;--accent:#2f6fed;--on-accent:#fff;--good:#147d4f;--bad:#b42318;--warn:#b54708;--warn-ground:#fff6ed;--bad-ground:#fef3f2}
@media (prefers-color-scheme:dark){:root{--ink:#f2f4f7;--muted:#98a2b3;--line:#2a2f37;--paper:#16191f;--ground:#0e1014;--accent:#7aa5ff;--on-accent:#0b1220;--good:#5fd3a0;--bad:#ff9a90;--warn:#fdb022;--warn-ground:#241a0c;--bad-ground:#2a1513}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
main{max-inline-size:420px;margin-inline:auto;padding:16px}
.card{background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:20px}
h1{font-size:17px;font-weight:600;margin:0}
.mode{display:inline-block;font-size:13px;font-weight:600;color:var(--warn);background:var(--warn-ground);border-radius:6px;padding:2px 8px}
.head{display:flex;align-items:center;justify-content:space-between;gap:12px}
.amount{font-size:34px;font-weight:600;font-variant-numeric:tabular-nums;letter-spacing:-.01em;margin:20px 0 4px}
.muted{color:var(--muted)}
.items{list-style:none;margin:12px 0 20px;padding:0;border-block-start:1px solid var(--line)}
.items li{display:flex;justify-content:space-between;gap:16px;padding:8px 0;border-block-end:1px solid var(--line)}
.items span:last-child{font-variant-numeric:tabular-nums;white-space:nowrap}
label,legend{display:block;padding:0;font-size:13px;font-weight:500;margin-block-end:4px}
fieldset{border:0;margin:0 0 16px;padding:0;min-inline-size:0}
.field{margin-block-end:16px}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:12px}
input[type=text]{inline-size:100%;min-block-size:44px;padding:10px 12px;font:inherit;font-size:16px;font-variant-numeric:tabular-nums;color:inherit;background:var(--paper);border:1px solid color-mix(in srgb,var(--muted) 70%,transparent);border-radius:10px}
input[aria-invalid=true]{border-color:var(--bad)}
.choice{display:flex;align-items:center;gap:10px;min-block-size:44px;padding:8px 12px;margin:0;border:1px solid var(--line);font-size:15px;font-weight:400}
.choice:first-of-type{border-start-start-radius:10px;border-start-end-radius:10px}
.choice:last-of-type{border-end-start-radius:10px;border-end-end-radius:10px}
.choice+.choice{border-block-start:0}
.choice input{inline-size:18px;block-size:18px;margin:0;accent-color:var(--accent)}
form:has(input[value^=bank]:checked) .card-fields{display:none}
button,.button{display:block;inline-size:100%;min-block-size:48px;padding:12px 16px;border:0;border-radius:10px;font:inherit;font-size:17px;font-weight:600;text-align:center;text-decoration:none;cursor:pointer;background:var(--accent);color:var(--on-accent)}
button.quiet,.button.quiet{background:transparent;color:inherit;border:1px solid var(--line);margin-block-start:12px}
:focus-visible{outline:3px solid color-mix(in srgb,var(--accent) 60%,transparent);outline-offset:2px}
.error{color:var(--bad);font-size:13px;margin:4px 0 0}
.alert{color:var(--bad);background:var(--bad-ground);border-radius:10px;padding:12px;margin:0 0 16px}
.foot{display:flex;justify-content:space-between;align-items:center;gap:12px;margin:16px 0 0;font-size:13px;color:var(--muted)}
a{color:inherit}
.foot a{display:inline-flex;align-items:center;min-block-size:44px}
details{margin-block-start:16px;font-size:13px}
summary{min-block-size:44px;display:flex;align-items:center;cursor:pointer;color:var(--muted)}
summary::after{content:'+';margin-inline-start:auto;font-size:17px}
details[open] summary::after{content:'\\2212'}
table{inline-size:100%;border-collapse:collapse}
td{padding:0;border-block-start:1px solid var(--line)}
td:first-child{user-select:all;white-space:nowrap;font-variant-numeric:tabular-nums;padding-inline-end:12px}
td a{display:flex;align-items:center;min-block-size:44px}
`
