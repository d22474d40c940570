"""The kill matrix as a page: fault × check × recipe, with what was not found and what was not named where people look first. One file, no script."""
import html

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d0d7de; --soft: #57606a; --kill: 9 105 218; --bad: 207 34 46; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --line: #30363d; --soft: #8d96a0; --kill: 88 166 255; --bad: 248 81 73; } }
body { font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem; }
h1 { font-size: 1.4rem; } p, ul { max-width: 80ch; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border: 1px solid var(--line); padding: .2rem .5rem; text-align: right; white-space: nowrap; }
thead th { position: sticky; top: 0; background: var(--paper); } tbody th { text-align: left; font-weight: 500; position: sticky; left: 0; background: var(--paper); }
td.kill { background: rgb(var(--kill) / calc(var(--share) * .6)); } td.must { outline: 2px solid rgb(var(--kill)); outline-offset: -2px; } td.may { outline: 1px dashed rgb(var(--kill)); outline-offset: -2px; }
td.less { background: rgb(var(--bad) / .35); } td.none { color: var(--soft); }
"""


def cell(part, whole, kinds="", title=""):
    """So many of so many, shaded by their share."""
    text = f"{part} of {whole}" if whole else "–"
    classes = " ".join(filter(None, (kinds, "kill" if part else "none")))
    return f'<td class="{classes}" style="--share: {part / whole if whole else 0:.3f}" title="{html.escape(title)}">{text}</td>'


def steps(found):
    """In which steps it was seen first, over its matrices."""
    first = sorted({matrix["first_step"] for matrix in found if matrix["first_step"] is not None})
    return "–" if not first else str(first[0]) if len(first) == 1 else f"{first[0]}–{first[-1]}"


def fault_row(entry, matrices, checks, recipes):
    fault = entry["id"]
    found = [matrix for matrix in matrices if matrix["divergent"]]
    cells = [cell(len(found), len(matrices))]
    for check in checks:
        red = sum(check in matrix["red"] for matrix in found)
        kinds = "must" if check in entry["red"] else "may" if check in entry["may"] else ""
        cells.append(cell(red, len(found), kinds, f"{check} is red in {red} of the {len(found)} matrices in which {fault} was found") if red or kinds else '<td class="none">·</td>')
    for recipe in recipes:
        own = [matrix for matrix in matrices if matrix["recipe"] == recipe]
        cells.append(cell(sum(matrix["divergent"] > 0 for matrix in own), len(own), "", f"found in so many matrices of {recipe}"))
    named = sum(fault in matrix["causes"] for matrix in found)
    nameless = entry["cause"] == "unknown"
    cells.append(cell(named, len(found), "less" if named < len(found) and not nameless else "", "no cause names it: it is found and called unknown" if nameless else ""))
    cells.append(f"<td>{steps(found)}</td>")
    cells.append(f'<td>{sum(matrix["seconds"] for matrix in matrices):.0f}</td>')
    return f'<tr><th title="{html.escape(entry["meaning"])}">{html.escape(fault)}</th>{"".join(cells)}</tr>'


def listed(title, matrices):
    """Matrices that somebody should look at, by what would repeat them."""
    if not matrices:
        return ""
    lines = (f'<li><code>{html.escape(matrix["command"])}</code>: {", ".join(matrix["causes"]) or "green"}</li>' for matrix in matrices)
    return f"<h2>{html.escape(title)}</h2>\n<ul>\n" + "\n".join(lines) + "\n</ul>\n"


def survivors_of(lost, may):
    """What no matrix showed: of faults that some must show, and of those that it may."""
    if lost:
        return f"<p><strong>Never found: {html.escape(', '.join(lost))}.</strong></p>\n"
    if may:
        return f"<p>Every planted fault that some matrix must show was found; of those that it may, never: {html.escape(', '.join(may))}.</p>\n"
    return "<p>Every planted fault was found.</p>\n"


def page(sentence, known, done, lost):
    """`known`: the catalogue's entries by id; `done`: every matrix, in the catalogue's order of faults; `lost`: faults that should have been found and were not."""
    faults = list(dict.fromkeys(matrix["fault"] for matrix in done))
    checks = list(dict.fromkeys(check for fault in faults for check in (*known[fault]["red"], *known[fault]["may"])))
    checks += sorted({check for matrix in done for check in matrix["red"]} - set(checks))
    recipes = list(dict.fromkeys(matrix["recipe"] for matrix in done))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("fault", "found", *checks, *recipes, "named", "first step", "seconds"))
    rows = "\n".join(fault_row(known[fault], [matrix for matrix in done if matrix["fault"] == fault], checks, recipes) for fault in faults)
    unnamed = [matrix for matrix in done if matrix["divergent"] and known[matrix["fault"]]["cause"] not in (None, "unknown") and matrix["fault"] not in matrix["causes"]]
    unseen = [fault for fault in faults if known[fault]["cause"] and not any(matrix["divergent"] for matrix in done if matrix["fault"] == fault)]
    survivors = survivors_of(lost, [fault for fault in unseen if fault not in lost])
    told = "\n".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in sentence.split("\n\n"))
    return (f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n<title>isobatch: kill matrix</title>\n<style>{STYLE}</style>\n</head>\n<body>\n'
            f"<h1>Kill matrix</h1>\n{told}\n{survivors}"
            "<p>A framed check is one that the fault must turn red where it matters, a dashed one may be red. A fault that a case or a split cannot show leaves its matrix green. "
            "Seconds are those of a busy machine, all of a fault's matrices together.</p>\n"
            f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>\n' + listed("Found, and not named", unnamed) + "</body>\n</html>")
