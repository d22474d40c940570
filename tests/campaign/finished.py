"""Keeps what a campaign has finished: one that was ended goes on from there."""
import concurrent.futures, hashlib, json, os, sys


def fingerprint(paths):
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def readable(line, by):
    """What was planned and done, if this line is whole and these programs wrote it."""
    try:
        kept = json.loads(line)
    except ValueError:  # torn by the end of the campaign, or the empty line before each one
        return None
    return (tuple(kept["planned"]), kept["done"]) if kept["by"] == by else None


def each(planned, do, jobs, report, programs):
    """What `do` makes of each of `planned`, in their order. Until all of it is, what is finished lies beside the report; what other programs did is done again."""
    path, finished = report and report + ".unfinished", {}
    by = fingerprint(programs)
    if path and os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            finished = dict(filter(None, (readable(line, by) for line in file)))
        print(f"{len(finished)} are finished already, says {path}", file=sys.stderr, flush=True)
    done = []
    with open(path or os.devnull, "a", encoding="utf-8") as file, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for words, result in zip(planned, pool.map(lambda words: finished[words] if words in finished else do(*words), planned)):
            done.append(result)
            if words not in finished:
                file.write("\n" + json.dumps({"by": by, "planned": words, "done": result}))
                file.flush()
            if len(done) % 100 == 0:
                print(f"{len(done)} of {len(planned)}", file=sys.stderr, flush=True)
    if path:
        os.remove(path)
    return done
