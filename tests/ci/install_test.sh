#!/usr/bin/env bash
# ci/install against a machine made of stubs: every failure is one sentence and exit code 2, a re-run goes on, and a second
# call asks the network for nothing. Runs on a copy of ci/ in a temporary folder; PATH holds nothing but what is named here.
# shellcheck disable=SC2016,SC2317  # stubs are written in single quotes; checks are called by name
set -euo pipefail

source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bash=$(command -v bash)
place=
export CALLS=
failures=0
trap 'rm -rf "$place"' EXIT

stub() {  # stub NAME BODY: a command of the made-up machine
    printf '#!%s\n%s\n' "$bash" "$2" >"$place/bin/$1"
    chmod +x "$place/bin/$1"
}

# A machine with root, apt-get and room, on which no package is installed until apt-get has run.
new_machine() {
    rm -rf "$place"
    place=$(mktemp -d)
    CALLS=$place/calls
    mkdir -p "$place/repo/ci" "$place/bin"
    cp "$source_root/ci/install" "$source_root/ci/torch.txt" "$place/repo/ci/"
    : >"$CALLS"
    local tool
    for tool in awk cat cp cut dirname env grep mkdir rm sha256sum tail tr; do
        ln -s "$(command -v "$tool")" "$place/bin/$tool"
    done
    ln -s "$bash" "$place/bin/bash"
    stub id 'echo 0'
    stub df 'echo header; echo "disk 0 0 $((100 * 1048576)) 0% /"'
    # Answers for the packages that it was asked about, which follow -W and the format.
    stub dpkg-query "[[ -f $place/packages ]] || exit 1; shift 2; for name; do echo \"\$name installed\"; done"
    stub apt-get "echo \"apt-get \$*\" >>\$CALLS; [[ \$* == *install* ]] && : >$place/packages; exit 0"
    stub python3 'echo "python $*" >>"$CALLS"
        if [[ "$1 $2" == "-m venv" ]]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi'
}

with_packages() { : >"$place/packages"; }

install() {  # from another folder, as a user may
    code=0
    (cd / && PATH=$place/bin ISOBATCH_PYTHON=$place/bin/python3 PYTHONPATH=/nowhere \
        "$place/repo/ci/install" "$@") >"$place/out" 2>"$place/err" || code=$?
}

check() {  # check WHAT COMMAND...
    local what=$1
    shift
    if "$@"; then
        echo "ok: $what"
    else
        echo "FAILED: $what (exit code $code)" && cat "$place/out" "$place/err" "$CALLS"
        failures=$((failures + 1))
    fi
}

succeeded() { [[ $code == 0 && ! -s $place/err && -f $place/repo/.deps/python/.installed ]]; }
called() { grep -q -- "$1" "$CALLS"; }
refused() {  # exit code 2 and one line that holds every one of the words
    [[ $code == 2 && $(grep -c '' "$place/err") == 1 ]] || return 1
    local word
    for word; do grep -qF -- "$word" "$place/err" || return 1; done
}
network_was_left_alone() { succeeded && ! called apt-get && ! called 'pip install'; }

new_machine && install
check "a bare machine gets packages and LibTorch" succeeded
check "  its packages by apt-get" called 'apt-get -q -y install --no-install-recommends g++ cmake'
check "  its wheels by the pip of .deps/python" called 'python -m pip install --no-input'
: >"$CALLS"
stub apt-get 'echo "apt-get $*" >>"$CALLS"; exit 1'
SECONDS=0
install
check "a second call makes no network call" network_was_left_alone
check "  and takes less than 2 s" test "$SECONDS" -lt 2
echo 'torch==0' >"$place/repo/ci/torch.txt" && install
check "another release in ci/torch.txt is installed" called 'pip install'

new_machine && rm "$place/bin/apt-get" && install
check "no apt-get" refused "no apt-get" "Debian or Ubuntu"

new_machine && stub id 'echo 1000' && install
check "neither root nor sudo" refused "neither root nor have sudo" "ask an administrator"
stub sudo 'echo "sudo $*" >>"$CALLS"; exec "$@"' && install
check "  with sudo it goes on" succeeded
check "  through sudo" called 'sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y install'

new_machine && stub apt-get 'echo "E: Unable to fetch some archives"; exit 100' && install
check "apt-get without network" refused "Unable to fetch some archives" "check the network"

new_machine && with_packages && stub df 'echo header; echo "disk 0 0 $((7 * 1048576)) 0% /"' && install
check "no room" refused "needs 8 GB" "has 7 GB free" "make room"
check "  is seen before anything is fetched" test ! -s "$CALLS"

new_machine && with_packages && stub python3 'exit 1' && install
check "no Python, or an old one" refused "older than Python 3.11" "ISOBATCH_PYTHON="

new_machine && with_packages && stub python3 '[[ $2 != venv ]]' && install
check "a Python without venv" refused "-m venv' failed" "python3-venv"

new_machine && with_packages
cp "$place/bin/python3" "$place/bin/python3.good"
stub python3 'echo "python $*" >>"$CALLS"
    if [[ "$1 $2" == "-m venv" ]]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi
    if [[ "$*" == *"pip install"* ]]; then echo "ERROR: no connection"; exit 1; fi'
install
check "pip without network" refused "ERROR: no connection" "check the network"
cp "$place/bin/python3.good" "$place/repo/.deps/python/bin/python" && : >"$CALLS" && install
check "  the next call goes on" succeeded
called 'venv' && reused=no || reused=yes
check "  with the venv that was there" test "$reused" = yes

new_machine && with_packages
stub python3 'if [[ "$1 $2" == "-m venv" ]]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi
    [[ "$*" != *"import torch"* ]]'
install
check "a LibTorch that does not load" refused "does not load" "run ci/install again"
check "  is removed" test ! -e "$place/repo/.deps/python"

new_machine && install --everything
check "an unknown option" refused "'--everything' is not an option"

new_machine && install --browser
check "--browser brings a browser by apt-get" called 'apt-get -q -y install .*chromium chromium-driver'
new_machine && install
called 'chromium' && brought=yes || brought=no
check "  and only where it was asked for" test "$brought" = no

new_machine && with_packages
printf '#!%s\necho trainers >>"$CALLS"\n' "$bash" >"$place/repo/ci/install_trainers"
chmod +x "$place/repo/ci/install_trainers" && install --trainers
check "--trainers calls ci/install_trainers" called trainers

exit $((failures > 0))
