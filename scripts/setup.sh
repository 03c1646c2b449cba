# shellcheck shell=sh
# The part that ./demo, ./test and ./kw share; sourced with the checkout as working directory.
# It speaks on standard error only: standard output belongs to the command that follows.
# The machine's own pip, uv and certificate settings hold; nothing here names a package index.

say() {
    printf '%s\n' "kwartier: $*" >&2
}

# python_here: print the Python to use: KW_PYTHON if that is set, otherwise the first one that is new enough. The system's own comes
# before the PATH where it can make environments: distributions build theirs with all optimisations, and one compiled without takes
# up to a fifth longer for everything here.
python_here() {
    for candidate in ${KW_PYTHON:-/usr/bin/python3 python3 python3.13 python3.12 python3.11}; do
        if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
            && { [ "$candidate" != /usr/bin/python3 ] || "$candidate" -c 'import venv, ensurepip' 2>/dev/null; }; then
            command -v "$candidate"
            return
        fi
    done
    say "Python 3.11 or newer is needed"
    return 1
}

has_venv() {
    command -v uv >/dev/null || "$python" -c 'import venv, ensurepip' 2>/dev/null
}

# debian_postgresql [FOLDER]: print the version of Debian's PostgreSQL to test on: the oldest there is from 15 on.
debian_postgresql() {
    for found in "${1:-/usr/lib/postgresql}"/*/bin/postgres; do
        version=${found%/bin/postgres}
        version=${version##*/}
        case $version in
        *[!0-9]*) continue ;;
        esac
        if [ -x "$found" ] && [ "$version" -ge 15 ]; then
            echo "$version"
        fi
    done | sort -n | head -n 1 | grep .
}

has_postgresql() {
    debian_postgresql >/dev/null
}

has_chromium() {
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null
}

# has_mosquitto: an MQTT broker and an independent client. Its folder is not on everybody's PATH.
has_mosquitto() {
    [ -x /usr/sbin/mosquitto ] && command -v mosquitto_sub >/dev/null && command -v mosquitto_passwd >/dev/null
}

# has_libatomic: what Playwright's own driver is linked against, and Chromium is not.
has_libatomic() {
    "$python" -c 'import ctypes; ctypes.CDLL("libatomic.so.1")' 2>/dev/null
}

# has_npm: the package client of Node, and Node with it.
has_npm() {
    command -v npm >/dev/null
}

# debian_packages PACKAGE...: install them as root; as anybody else print the line to ask for, and stop. The line updates first:
# a fresh machine has no lists of packages, and knows none of these without.
debian_packages() {
    if [ "$(id -u)" -ne 0 ]; then
        say "these Debian packages are missing, and only root can install them. Please run this line, then try again:"
        printf '%s\n' "apt-get update && apt-get install --yes --no-install-recommends $*" >&2
        exit 2
    fi
    say "installing Debian packages: $*"
    export DEBIAN_FRONTEND=noninteractive
    # The tests start servers of their own; the machine needs no cluster of PostgreSQL that runs for ever.
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        mkdir -p /etc/postgresql-common/createcluster.d
        echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/kwartier.conf
    fi
    # Nor a broker that runs for ever.
    case " $* " in
    *" mosquitto "*)
        mkdir -p /etc/systemd/system
        [ -e /etc/systemd/system/mosquitto.service ] || ln -s /dev/null /etc/systemd/system/mosquitto.service
        ;;
    esac
    apt-get -qq update >&2 || say "apt-get update failed; trying with the lists at hand"
    told=$(apt-get -qq install --yes --no-install-recommends "$@" 2>&1 </dev/null) || {
        printf '%s\n' "$told" >&2
        say "apt-get could not install them"
        exit 2
    }
}

# stamp FOLDER LOCK: what a finished environment was made of: its place, its Python, its lock.
stamp() {
    pwd -P
    readlink -f "$1/bin/python" || true
    cat "$2"
}

is_finished() { # FOLDER LOCK
    [ -e "$1/.stamp-$(basename "$2")" ] && stamp "$1" "$2" | cmp -s - "$1/.stamp-$(basename "$2")"
}

# is_usable FOLDER: whether it was made here, for the Python that it now finds, and can be installed into.
is_usable() {
    grep -qF "$(pwd -P)/$1" "$1/bin/activate" 2>/dev/null && "$1/bin/python" -m pip --version >/dev/null 2>&1
}

install_with_uv() { # FOLDER LOCK
    [ -x "$1/bin/python" ] && grep -qF "$(pwd -P)/$1" "$1/bin/activate" || uv venv --quiet --clear --python "$python" "$1" || return
    uv pip install --quiet --python "$1/bin/python" --require-hashes -r "$2" >&2
}

install_with_pip() { # FOLDER LOCK
    is_usable "$1" || "$python" -m venv --clear "$1" || return
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$2" >&2
}

# environment FOLDER LOCK: make a virtual environment hold exactly what was locked (and perhaps more). Idempotent.
environment() {
    is_finished "$1" "$2" && return
    say "setting up $1 from $2"
    python=$(python_here)
    has_venv || debian_packages python3-venv
    if ! { command -v uv >/dev/null && install_with_uv "$1" "$2"; }; then
        "$python" -c 'import venv, ensurepip' 2>/dev/null || debian_packages python3-venv
        install_with_pip "$1" "$2"
    fi
    stamp "$1" "$2" >"$1/.stamp-$(basename "$2")"
}

# ourselves: put Kwartier itself, as it stands in this checkout, into .venv.
ourselves() {
    is_finished .venv pyproject.toml && [ -x .venv/bin/kwartier ] && return
    if .venv/bin/python -m pip --version >/dev/null 2>&1; then
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable . >&2
    else
        uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --offline --editable . >&2
    fi
    stamp .venv pyproject.toml >.venv/.stamp-pyproject.toml
}

# set_up demo|test: make .venv complete. The lock of the tests holds all that the demo needs, in the same versions.
set_up() {
    if [ "$1" = demo ] && is_finished .venv requirements/test.txt; then
        set -- test
    fi
    exec 9>.setup.lock
    flock 9
    environment .venv "requirements/$1.txt"
    ourselves
    exec 9>&-
}

# npm_packages FOLDER LOCK: make a folder hold exactly the npm packages that were locked, with the hashes there. None of their scripts is run.
npm_packages() {
    is_finished "$1" "$2" && return
    say "setting up $1 from $2"
    mkdir -p "$1"
    cp "$(dirname "$2")/package.json" "$2" "$1"
    npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    stamp "$1" "$2" >"$1/.stamp-$(basename "$2")"
}

# set_up_peers: foreign programs to test with or against, each in an environment of its own.
set_up_peers() {
    exec 9>.setup.lock
    flock 9
    for lock in requirements/peers/*.txt; do
        environment ".peers/$(basename "$lock" .txt)" "$lock"
    done
    for lock in requirements/npm/*/package-lock.json; do
        npm_packages ".peers/$(basename "$(dirname "$lock")")" "$lock"
    done
    exec 9>&-
}
