"""What a rank leaves of a trace on the disk: lines, tensors as soon as they are seen, and the manifest over all ranks."""
import json, os, time, zlib
from isobatch_format import content, packed, pieces, precision


class Tensors:
    """The tensors of one window. Each is on the disk when `add` returns: nothing of it is held, however many there will be."""
    def __init__(self, place):
        self.place, self.entries, self.file = place, {}, None

    def add(self, key, t, less=None):
        """With `less` the difference to it, which fp32 holds of narrower numbers. What had that key is forgotten."""
        name = precision(t)
        if less is not None and t.element_size() < 4:
            name = "fp32"
        if self.file is None:
            os.makedirs(os.path.dirname(self.place), exist_ok=True)
            self.file = open(self.place, "w+b")
        begin = self.file.tell()
        for piece, other in zip(pieces(t), pieces(t if less is None else less)):
            if less is not None:
                piece = piece.double() - other.double()
                piece = piece if name == "fp64" else piece.float()
            self.file.write(content(piece))
        self.entries[key] = (name.upper().replace("FP", "F"), list(t.shape), begin, self.file.tell())

    def parts(self, size=1 << 20):
        """The bytes of a safetensors file; wide elements come first, so that all are aligned."""
        entries, header, end = sorted(self.entries.items(), key=lambda item: -int(item[1][0].strip("BF"))), {}, 0
        for key, (dtype, shape, begin, stop) in entries:
            header[key] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end := end + stop - begin]}
        text = packed(header) + b" " * (-len(packed(header)) % 8)
        yield len(text).to_bytes(8, "little") + text
        for _, (_, _, begin, stop) in entries:
            self.file.seek(begin)
            for at in range(begin, stop, size):
                yield self.file.read(min(size, stop - at))

    def clear(self):
        if self.file is not None:
            self.file.close()
            os.remove(self.place)
        self.entries, self.file = {}, None


class Files:
    """The folder of a trace, and the size and digest of what this process put into it."""
    def __init__(self, folder):
        self.folder, self.entries = folder, {}

    def place(self, path):
        return os.path.join(self.folder, path)

    def append(self, path, data):
        os.makedirs(os.path.dirname(self.place(path)), exist_ok=True)
        with open(self.place(path), "ab") as file:
            file.write(data)
        so_far = self.entries.setdefault(path, {"bytes": 0, "digest": "crc32:0"})
        crc = zlib.crc32(data, int(so_far["digest"].split(":")[1], 16))
        so_far.update(bytes=so_far["bytes"] + len(data), digest="crc32:%08x" % crc)

    def put(self, path, parts):
        """Whole or not at all, from its bytes part by part."""
        partial, size, crc = self.place(path) + ".%d.partial" % os.getpid(), 0, 0
        os.makedirs(os.path.dirname(partial), exist_ok=True)
        with open(partial, "wb") as file:
            for part in parts:
                file.write(part)
                size, crc = size + len(part), zlib.crc32(part, crc)
        os.replace(partial, self.place(path))
        self.entries[path] = {"bytes": size, "digest": "crc32:%08x" % crc}

    def finish(self, rank, ranks, manifest):
        """This rank's part; who writes the last of them puts the manifest over all."""
        part = lambda rank: "rank%d.part" % rank
        self.put(part(rank), [b"[%r,%s]" % (time.time(), packed({**manifest, "files": dict(self.entries)}))])
        try:
            parts = [json.loads(read(self.place(part(other)))) for other in range(ranks)]
        except FileNotFoundError:
            return  # another rank is still at work, or has seen all parts and written the manifest
        in_time = [each["ended"] for _, each in sorted(parts, key=lambda part: part[0]) if each["ended"] != "complete"]
        whole = {**parts[0][1], "ended": (in_time + ["complete"])[0]}  # what failed first is why the others did
        for _, each in parts[1:]:
            whole["files"].update(each["files"])
        text = packed(whole)[:-1]
        self.put("manifest.json", [text, b',"manifest_digest":"crc32:%08x"}\n' % zlib.crc32(text)])
        for other in range(ranks):
            try:
                os.remove(self.place(part(other)))
            except FileNotFoundError:
                pass  # another rank that was last too


def read(path):
    with open(path, "rb") as file:
        return file.read()
