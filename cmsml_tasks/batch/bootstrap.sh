# Sourced by law's job script in the folder that law made for the job, after the variables that were
# set where the job was submitted and the site's own lines. A job starts with next to nothing: no
# PATH, no HOME.
export PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}"
export LC_ALL="${LC_ALL:-C.UTF-8}"
export LAW_HOME="${LAW_JOB_HOME}/.law"
umask "${CMSML_JOB_UMASK}"
[ -w "${HOME:-/nonexistent}" ] || export HOME="${LAW_JOB_HOME}"

cmsml_fetch() { # cmsml_fetch URL FILE
    case "$1" in
        root://* | xroot://*) xrdcp --silent --force "$1" "$2" ;;
        http://* | https://*) curl --silent --show-error --fail --location --output "$2" "$1" ;;
        dav://* | davs://*) cmsml_fetch "http${1#dav}" "$2" ;;
        *://*) gfal-copy --force "$1" "$2" ;;
        *) cp "$1" "$2" ;;
    esac || { echo "error: $1 could not be fetched" >&2; return 1; }
}

cmsml_law() { # a `law` that runs in whatever python is the first on PATH
    mkdir -p "${LAW_JOB_HOME}/bin"
    printf '#!/bin/sh\nexec python -c "%s" "$@"\n' \
        "import sys; from law.cli import run; sys.exit(run())" >"${LAW_JOB_HOME}/bin/law"
    chmod +x "${LAW_JOB_HOME}/bin/law"
    export PATH="${LAW_JOB_HOME}/bin:${PATH}"
}

cmsml_environment() { # an archive of an environment, unpacked for this job
    [ -n "${CMSML_JOB_ENVIRONMENT}" ] || return 0
    mkdir -p "${LAW_JOB_HOME}/environment"
    cmsml_fetch "${CMSML_JOB_ENVIRONMENT}" "${LAW_JOB_HOME}/environment.archive" || return 1
    tar -xf "${LAW_JOB_HOME}/environment.archive" -C "${LAW_JOB_HOME}/environment" || return 1
    rm "${LAW_JOB_HOME}/environment.archive"
    export PATH="${LAW_JOB_HOME}/environment/bin:${PATH}"
    # what conda-pack leaves to be run once in the new place
    if command -v conda-unpack >/dev/null; then conda-unpack || return 1; fi
    # scripts of an environment know the place where it was made
    cmsml_law
}

cmsml_repository() { # the repository as it was packed where the job was submitted
    [ -n "${CMSML_JOB_PACKED}" ] || return 0
    mkdir -p "${LAW_JOB_HOME}/repository"
    if [ -n "${CMSML_JOB_REPOSITORY}" ]; then
        cmsml_fetch "${CMSML_JOB_REPOSITORY}" "${LAW_JOB_HOME}/repository.tgz" || return 1
    fi
    tar -xzf "${LAW_JOB_HOME}"/repository*.tgz -C "${LAW_JOB_HOME}/repository" || return 1
    export CMSML_JOB_PROJECT="${LAW_JOB_HOME}/repository"
    export LAW_CONFIG_FILE="${CMSML_JOB_PROJECT}/${CMSML_JOB_CONFIG}"
    export PYTHONPATH="${CMSML_JOB_PROJECT}${PYTHONPATH:+:${PYTHONPATH}}"
}

cmsml_container() { # from here on, python and law run in the container
    [ -n "${CMSML_JOB_CONTAINER}" ] || return 0
    local runtime
    runtime="$(command -v apptainer || command -v singularity)" || {
        echo "error: no apptainer here to run ${CMSML_JOB_CONTAINER} with" >&2
        return 1
    }
    cmsml_law
    printf '#!/bin/sh\nexec %q exec %s %q python "$@"\n' "${runtime}" \
        "${CMSML_JOB_CONTAINER_OPTIONS}" "${CMSML_JOB_CONTAINER}" >"${LAW_JOB_HOME}/bin/python"
    chmod +x "${LAW_JOB_HOME}/bin/python"
}

cmsml_branch() { # law, without the tree of requirements that law's job script prints before each branch
    if [ "${*: -1}" = --print-deps=2 ]; then
        echo "left out, for it takes as long as looking at the branch does"
    else
        law "$@"
    fi
}

cmsml_environment && cmsml_repository && cmsml_container || return 1
cd "${CMSML_JOB_PROJECT:-${LAW_JOB_HOME}}" || return 1
python -m cmsml_tasks.batch.worker
