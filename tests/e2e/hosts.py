"""Several hosts on one machine: network namespaces on one bridge. A host is there as long as the process that holds it, which ends
with this one."""
import os, subprocess

ADDRESS = "10.77.0.{}"


def in_namespace(holder, words):
    return ["nsenter", f"--net=/proc/{holder.pid}/ns/net", *words]


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")


class Hosts:
    """`count` hosts that reach each other; the last byte of each address is its number from 1. Raises OSError where the machine makes none."""

    def __init__(self, count):
        self.holders, self.started = [], []
        try:
            self.bridge = self._namespace()
            run(*in_namespace(self.bridge, ("ip", "link", "add", "bridge", "type", "bridge")))
            run(*in_namespace(self.bridge, ("ip", "link", "set", "bridge", "up")))
            self.hosts = [self._host(number) for number in range(1, count + 1)]
        except OSError:
            self.end()
            raise

    def _namespace(self):
        holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.holders.append(holder)
        if not holder.stdout.readline():
            raise OSError(holder.stderr.read().decode(errors="replace").strip())
        run(*in_namespace(holder, ("ip", "link", "set", "lo", "up")))
        return holder

    def _host(self, number):
        host = self._namespace()
        run(*in_namespace(self.bridge, ("ip", "link", "add", f"port{number}", "type", "veth", "peer", "name", "eth0", "netns", str(host.pid))))
        run(*in_namespace(self.bridge, ("ip", "link", "set", f"port{number}", "master", "bridge", "up")))
        run(*in_namespace(host, ("ip", "address", "add", ADDRESS.format(number) + "/24", "dev", "eth0")))
        run(*in_namespace(host, ("ip", "link", "set", "eth0", "up")))
        return host

    def start(self, number, words, **how):
        """A process on a host, in a group of its own."""
        process = subprocess.Popen(in_namespace(self.hosts[number - 1], words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, start_new_session=True, **how)
        self.started.append(process)
        return process

    def unplug(self, number):
        run(*in_namespace(self.bridge, ("ip", "link", "set", f"port{number}", "down")))

    def end(self):
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, 9)
            process.stdout.close()
            process.wait()
        for holder in self.holders:
            holder.communicate()  # closes what it reads, and with it goes its namespace
