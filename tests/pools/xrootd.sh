#!/usr/bin/env bash
# An XRootD server on this machine, open to this machine only, without authentication.
#   xrootd.sh install | up | down | status | url
# XRD_BASE: folder for its files, log and process id (needed; its data lie in $XRD_BASE/data)
# XRD_PORT: where it listens (default 21094); XRD_USER: who runs it when root starts it (nobody)
# XRD_HTTP_PORT: where it speaks WebDAV too (default nowhere); `up` and `url` then print that URL second
# XRD_CHECKSUM: which checksum it tells (default adler32), empty for none
set -euo pipefail

port="${XRD_PORT:-21094}"
http_port="${XRD_HTTP_PORT:-}"
user="${XRD_USER:-nobody}"
checksum="${XRD_CHECKSUM-adler32}"

log() { echo "[xrootd.sh] $*" >&2; }

base() { echo "${XRD_BASE:?set XRD_BASE to a folder for the server}"; }

pid_of_server() { # prints the process id, if that process is really an xrootd (ids get reused)
    local pid
    pid="$(cat "$(base)/admin/xrootd.pid" 2>/dev/null)" || return 1
    grep -qx xrootd "/proc/$pid/comm" 2>/dev/null && echo "$pid"
}

answers() { XRD_CONNECTIONRETRY=1 XRD_CONNECTIONWINDOW=2 xrdfs "root://localhost:$port" stat / >/dev/null 2>&1; }

wait_until() { # wait_until SECONDS COMMAND...
    local tenths=$(($1 * 10))
    shift
    for ((i = 0; i < tenths; i++)); do
        "$@" && return 0
        sleep 0.1
    done
    return 1
}

stopped() { ! pid_of_server >/dev/null; }

cmd_install() { # Debian and Ubuntu, as root
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        xrootd-server xrootd-server-plugins xrootd-client \
        python3-gfal2 gfal2-plugin-file gfal2-plugin-xrootd gfal2-plugin-http
}

cmd_up() {
    local here script as=()
    here="$(base)"
    script="$(realpath "$0")"
    mkdir -p "$here"/{data,admin,log}
    cat >"$here/xrootd.cfg" <<CONF
xrd.port $port
xrd.allow host localhost
xrd.allow host 127.0.0.1
all.export /
oss.localroot $here/data
all.adminpath $here/admin
all.pidpath $here/admin
${checksum:+xrootd.chksum $checksum}
${http_port:+xrd.protocol http:$http_port libXrdHttp.so}
${http_port:+http.listingdeny no}
CONF
    if [ "$(id -u)" = 0 ]; then # xrootd refuses to run as root
        chown "$user" "$here"/{admin,log}
        as=(-R "$user")
    fi
    if stopped; then
        touch "$here/keep"
        (cd "$here/admin" && exec setsid "$script" keep "${as[@]}" -c "$here/xrootd.cfg" \
            -l "$here/log/xrootd.log" -s "$here/admin/xrootd.pid") \
            </dev/null >"$here/log/start" 2>&1 &
    fi
    wait_until 20 answers || { log "no answer"; tail -n 20 "$here"/log/* >&2; cmd_down; return 1; }
    cmd_url
}

cmd_keep() { # xrootd 5.5.3 crashes once in a while (XrdLink::setEtext), mostly where it speaks WebDAV
    local tries
    for tries in {1..10}; do
        xrootd -I v4 "$@" || true
        [ -e "$(base)/keep" ] || return 0
        log "it ended by itself ($tries)"
    done
}

cmd_down() {
    local pid
    rm -f "$(base)/keep"
    if pid="$(pid_of_server)"; then
        kill "$pid"
        wait_until 10 stopped || kill -9 "$pid"
    fi
    rm -f "$(base)/admin/xrootd.pid"
}

cmd_status() {
    if stopped; then echo "stopped"; return 3; fi
    echo "running, process $(pid_of_server), $(cmd_url | paste -sd " ")"
}

cmd_url() {
    echo "root://localhost:$port/"
    if [ -n "$http_port" ]; then echo "dav://localhost:$http_port"; fi
}

case "${1:-}" in
install | up | down | status | url) "cmd_$1" ;;
keep) "cmd_$1" "${@:2}" ;; # in the background of `up`
*) sed -n '2,7p' "$0"; exit 2 ;;
esac
