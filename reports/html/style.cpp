#include "reports/html/style.h"

namespace isobatch {

// Every pair of text and background has a contrast of 4.5 or more; tests/e2e/page_test.py computes them in a browser.
const std::string_view page_style = R"(
:root{color-scheme:light dark;--page:#fff;--text:#1b1f24;--dim:#57606a;--line:#c4cbd3;--link:#0550ae;--box:#f6f8fa;
--good:#0b6b2e;--open:#7a5200;--bad:#a3140b;--good-box:#e2f4e7;--open-box:#fdf0c8;--bad-box:#fde7e4;
--h1:#e2f4e7;--h2:#fdf0c8;--h3:#fbd9d5;--h4:#f3a69e;--h5:#a3140b;--h5-text:#fff}
@media (prefers-color-scheme:dark){:root{--page:#0d1117;--text:#e6edf3;--dim:#9aa4b0;--line:#3d444d;--link:#79b8ff;
--box:#161b22;--good:#6fd08c;--open:#e6b450;--bad:#ff8f85;--good-box:#10291a;--open-box:#332808;--bad-box:#3a1512;
--h1:#10291a;--h2:#332808;--h3:#4a1a17;--h4:#7d231d;--h5:#ff8f85;--h5-text:#0d1117}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:var(--page);color:var(--text)}
main{max-width:76rem;margin:0 auto;padding:1rem}
h1{font-size:1rem;margin:0;color:var(--dim);font-weight:600}
h2{font-size:1.3rem;margin:2.2rem 0 .5rem}h3{font-size:1.1rem;margin:1.2rem 0 .4rem}
p{margin:.5rem 0;max-width:60rem}ul{margin:.5rem 0;padding-left:1.4rem}
a{color:var(--link)}a:focus-visible,button:focus-visible,summary:focus-visible,.wide:focus-visible,input:focus-visible,
[tabindex="-1"]:focus{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:.5rem;top:.5rem;background:var(--page);padding:.5rem}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1rem;list-style:none;padding:0;margin:.6rem 0;font-size:.9rem}
.answer{font-size:1.5rem;line-height:1.3;font-weight:600;border-left:.4rem solid;padding:.2rem 0 .2rem .8rem;margin:.5rem 0}
.identical,.equivalent{color:var(--good)}.inconclusive{color:var(--open)}.divergent,.out_of_memory,.crashed{color:var(--bad)}
.mark{font-weight:600;white-space:nowrap}
.counts{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0}
.note,figcaption,caption{color:var(--dim);font-size:.9rem}
.wide{overflow-x:auto;max-width:100%;margin:.6rem 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:.2rem 0}
th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid var(--line);vertical-align:top}
thead th{border-bottom:2px solid var(--line);vertical-align:bottom}
th[scope=row],td.text,th.text{text-align:left}
td.text{min-width:9rem}.filtered td:last-child{min-width:26rem}.filtered{width:100%}td.text>.mark,td.text>svg{display:inline-block}
code{font:.88em/1.45 ui-monospace,monospace;overflow-wrap:anywhere}
th code{overflow-wrap:normal;white-space:nowrap}
.command{display:flex;gap:.5rem;align-items:flex-start;background:var(--box);border:1px solid var(--line);
border-radius:.4rem;padding:.4rem .6rem}.command code{flex:1;min-width:0}
button{font:inherit;font-size:.85rem;color:var(--text);background:var(--page);border:1px solid var(--dim);border-radius:.3rem;
padding:.1rem .5rem;cursor:pointer}
th button{border:0;background:none;padding:0;font-weight:600;font-size:inherit;text-align:inherit;text-decoration:underline dotted}
.causes{list-style:none;padding:0}.cause,article{border:1px solid var(--line);border-left:.4rem solid var(--bad);
border-radius:.4rem;padding:.5rem .9rem;margin:.6rem 0}
.cause b{font-size:1.1rem}
.grids{display:flex;flex-wrap:wrap;gap:1rem 2rem;max-width:100%}.grids>.wide{margin:0}
.lattice th,.lattice td{border:2px solid var(--page);text-align:center;vertical-align:middle;padding:.25rem .5rem;
font-weight:400;font-size:.85rem;line-height:1.35}
.lattice .cell a{color:inherit;display:block;text-decoration:none;padding:.1rem}.lattice .cell a:hover b{text-decoration:underline}
.lattice .cell span{display:block;white-space:nowrap;color:var(--text)}.lattice th{white-space:nowrap}
.cell.identical,.cell.equivalent{background:var(--good-box)}.cell.inconclusive{background:var(--open-box)}
.cell.divergent,.cell.out_of_memory,.cell.crashed{background:var(--bad-box)}
.heat td{min-width:4.2rem}.heat td,.key span{border:1px solid var(--page)}.key span{padding:.05rem .5rem;display:inline-block}
.h1{background:var(--h1);color:var(--text)}.h2{background:var(--h2);color:var(--text)}.h3{background:var(--h3);color:var(--text)}
.h4{background:var(--h4);color:var(--text)}.h5{background:var(--h5);color:var(--h5-text)}
.heat th[scope=row]{position:sticky;left:0;background:var(--page)}
.many{display:flex;flex-wrap:wrap;gap:.8rem 1.4rem}figure{margin:0;max-width:16rem}
svg{display:block;flex:none}svg text{font:11px system-ui,sans-serif;fill:var(--text)}
.tick{stroke:var(--line)}.one{stroke:var(--text);stroke-width:1.5}.group{stroke:var(--dim);stroke-width:2}
.over{fill:var(--bad)}.under{fill:var(--link)}.even,.rate{fill:var(--dim)}.hollow{fill:none;stroke:var(--dim)}
.predicted{stroke:var(--text);stroke-width:2.5}
.own{stroke:var(--link);fill:none;stroke-width:2}circle.own{fill:var(--link);stroke:none}
.front{stroke:var(--good);fill:none;stroke-width:1.5}.best{fill:var(--good);stroke:var(--good);stroke-width:5}
.truth{stroke:var(--text);fill:none;stroke-dasharray:4 3}.allowed{fill:var(--good);opacity:.5}.void{fill:var(--line)}
.bound{white-space:nowrap;color:var(--dim)}
details{margin:.4rem 0}summary{cursor:pointer;color:var(--link)}
dt{font-weight:600;margin-top:.5rem}dd{margin:0 0 0 1.2rem}
fieldset{border:1px solid var(--line);border-radius:.4rem;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.5rem 0}
tr:target,article:target{outline:3px solid var(--link);outline-offset:-3px}
@media (min-width:48rem){main{padding:1.5rem 2rem}}
@media print{nav,button,fieldset,.skip{display:none}main{max-width:none;padding:0}.wide{overflow:visible}
body{font-size:10pt}article,.cause,figure,svg,tr{break-inside:avoid}details::details-content{content-visibility:visible}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
)";

}  // namespace isobatch
