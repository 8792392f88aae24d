# What the scripts of several systems share; sourced by them.

log() { echo "[$(basename "$0")] $*" >&2; }
wait_for() { # seconds command...
    local n=$(( $1 * 10 )); shift
    for (( i = 0; i < n; i++ )); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done
    return 1
}
port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# a process id file whose process is really one of ours, $DAEMONS (ids get reused)
alive() {
    local pid; pid="$(cat "$1" 2>/dev/null)" && [ -n "$pid" ] || return 1
    grep -qxE "$DAEMONS" "/proc/$pid/comm" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null
}
install_packages() { # package...; Debian and Ubuntu, as root
    local missing=() p guard=0 rc=0
    for p in "$@"; do
        dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
    done
    if [ "${#missing[@]}" = 0 ]; then log "already installed"; return 0; fi
    # keep maintainer scripts from starting the daemons
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; guard=1
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=120 "${missing[@]}" || rc=$?
    [ "$guard" = 1 ] && rm -f /usr/sbin/policy-rc.d
    return "$rc"
}
