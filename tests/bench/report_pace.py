"""What a report of many trials costs: seconds and memory of the program that writes it, size of the page, and how soon a browser has it open.

usage: report_pace.py [--isobatch FILE] [--trials N…]    prints; nothing here is a test, since a time depends on the machine

The trials are those of one real run of every split of gpt, repeated under other seeds until there are as many.
"""
import argparse, json, os, pathlib, re, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "reports"))
import browser  # noqa: E402

MIB = 1 << 20


def real_run(isobatch, folder):
    subprocess.run([isobatch, "check", "gpt", "--effective", "16", "--out", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return json.loads((folder / "result.json").read_text())


def write_repeated(result, count, path):
    """The run with as many trials, each of a text form of its own. One after another: what this process holds would count as the program's that it starts."""
    around = json.dumps({**result, "records": []}).split('"records": []')
    own = result["records"]
    with open(path, "w", encoding="utf-8") as file:
        file.write(around[0] + '"records": [')
        for number in range(count):
            record = own[number % len(own)]
            trial = re.sub(r"--seed \d+", f"--seed {1 + number // len(own)}", record["trial"])
            file.write((", " if number else "") + json.dumps({**record, "trial": trial}))
        file.write("]" + around[1])


def written(isobatch, folder):
    """Seconds, and the most memory that the process held."""
    begin = time.monotonic()
    process = subprocess.Popen([isobatch, "report", str(folder)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"isobatch report ended with {process.returncode}")
    return time.monotonic() - begin, usage.ru_maxrss * 1024


def opened(page):
    """Milliseconds until a page can be used, and until all of it is drawn; None without a browser."""
    if browser.missing():
        return None
    one = browser.Browser()
    try:
        one.open(page)
        return one.run("const t = performance.getEntriesByType('navigation')[0]; return [t.domInteractive, t.loadEventEnd]")
    finally:
        one.close()


def main():
    parser = argparse.ArgumentParser(description="What a report of many trials costs.")
    parser.add_argument("--isobatch", default=str(ROOT / "build/release/bin/isobatch"))
    parser.add_argument("--trials", type=int, nargs="+", default=[500, 10000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="isobatch-bench-") as home:
        result = real_run(options.isobatch, pathlib.Path(home, "run"))
        for count in options.trials:
            folder = pathlib.Path(home, str(count))
            folder.mkdir()
            page = folder / "index.html"
            write_repeated(result, count, folder / "result.json")
            seconds, memory = written(options.isobatch, folder)
            times = opened(page)
            screen = f"open after {times[0]:.0f} ms, drawn after {times[1]:.0f} ms" if times else f"not opened: there is no {browser.missing()} here"
            print(f"{count} trials: written in {seconds:.2f} s with {memory / MIB:.0f} MiB, a page of {page.stat().st_size / MIB:.2f} MiB; {screen}", flush=True)
    print("goals: 500 trials in 1 s, a page of 2 MB at most, open after 1,000 ms; 10,000 trials in 10 s with 500 MiB")


if __name__ == "__main__":
    main()
