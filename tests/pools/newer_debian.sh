# Packages of a newer Debian suite, from the host's own mirror, downloaded and not installed; sourced by
# scripts that have set $suite, and $cache for the folder, and that have a function `die`.

# Prints the URI of the host's own Debian mirror (not the security archive): from apt's index of what
# it has, or, before the first 'apt-get update', from its sources files.
host_mirror() {
    local uris
    uris=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 2>/dev/null)
    if [ -z "$uris" ]; then
        uris=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
            2>/dev/null | awk '/^URIs:/ {print $2}
                /^deb / {sub(/^deb +(\[[^]]*\] +)?/, ""); print $1}')
    fi
    grep -E '^(https?|ftp|mirror|file)' <<< "$uris" | grep -v security | head -n 1
}

write_apt_config() {
    local site keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    site=$(host_mirror) || die "cannot find the host's Debian mirror in its apt sources"
    [ -e $keyring ] || die "$keyring is needed (package debian-archive-keyring)"

    mkdir -p "$cache"/apt/{etc,lists/partial,archives/partial,log}
    : > "$cache/apt/status"
    echo "deb [signed-by=$keyring] $site $suite main" \
        > "$cache/apt/etc/sources.list"
    cat > "$cache/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$cache/apt/etc/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::Lists "$cache/apt/lists";
Dir::State::status "$cache/apt/status";
Dir::Cache "$cache/apt";
Dir::Log "$cache/apt/log";
APT::Install-Recommends "false";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
}

# Only one of those that share the folder fetches; the others wait for it, and find all there.
fetch_packages() { # kept left-out package...: two patterns for names, of the packages and what they need
    mkdir -p "$cache"
    (flock 9; fetch_packages_alone "$@") 9> "$cache/lock"
}

fetch_packages_alone() {
    local debs=$cache/$suite kept=$1 left_out=$2 names
    shift 2
    if [ -e "$debs/complete" ]; then
        echo "packages: cached"
        return
    fi
    write_apt_config
    export APT_CONFIG=$cache/apt/apt.conf
    # all that this apt knows is the one suite, and it believes that nothing is installed
    apt-get -q update > "$cache/apt/update.out" 2>&1 \
        || { cat "$cache/apt/update.out" >&2; die "apt-get update failed"; }
    names=$(apt-get -s install "$@" | awk '/^Inst/ {print $2}' | grep -E "$kept" | grep -vE "$left_out" || true)
    [ -n "$names" ] || die "no package $* in $suite"
    mkdir -p "$debs"
    # shellcheck disable=SC2086
    (cd "$debs" && apt-get -q download $names) > "$cache/apt/download.out" 2>&1 \
        || { cat "$cache/apt/download.out" >&2; die "download failed"; }
    touch "$debs/complete"
    echo "packages: $(ls "$debs"/*.deb | wc -l) downloaded, $(du -sh "$debs" | cut -f 1)"
}
