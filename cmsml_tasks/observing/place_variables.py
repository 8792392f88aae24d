"""Variables of the environment that say where a work runs, and not what it makes."""

from __future__ import annotations

from fnmatch import fnmatchcase

PLACE_VARIABLES = (
    # the person, the machine, the session
    *("HOME", "USER", "LOGNAME", "HOSTNAME", "HOST", "SHELL", "SHLVL", "PWD", "OLDPWD", "MAIL"),
    *("TERM", "COLORTERM", "DISPLAY", "WAYLAND_DISPLAY", "COLUMNS", "LINES", "LANG", "LANGUAGE"),
    *("LC_*", "TZ", "XDG_*", "SSH_*", "DBUS_*", "EDITOR", "PAGER", "NO_COLOR", "_"),
    # where programs, libraries and temporary files are
    *("PATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH", "PYTHONHOME", "PYTHONHASHSEED"),
    *("PYTHON*", "VIRTUAL_ENV", "CONDA_*", "MAMBA_*", "PIP_*", "TMPDIR", "TMP", "TEMP"),
    *("MPLBACKEND", "MPLCONFIGDIR", "*_CACHE", "*_CACHE_DIR", "*_CACHE_HOME"),
    # jobs and what they are given
    *("SLURM_*", "SBATCH_*", "SRUN_*", "_CONDOR_*", "CONDOR_*", "GLIDEIN_*", "GLITE_*", "CRAB_*"),
    *("PBS_*", "LSB_*", "APPTAINER_*", "SINGULARITY_*", "CUDA_VISIBLE_DEVICES", "NVIDIA_*"),
    *("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "OMP_*", "MKL_*", "OPENBLAS_*", "TF_CPP_*"),
    # who is allowed
    *("X509_*", "BEARER_TOKEN*", "KRB5*", "_KRB5*", "XRD_*", "http_proxy", "https_proxy"),
    *("no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    # libraries in Cython, whose questions look like those of the code that calls them
    *("ARROW_*", "PYARROW_*", "HDF5_*", "H5PY_*", "NPY_*"),
    # this package, and those that it stands on
    *("CMSML_*", "LAW_*", "LUIGI_*"),
)


def says_where(name: str) -> bool:
    """Tell whether the variable *name* is one of `PLACE_VARIABLES`, which never count."""
    return any(fnmatchcase(name, pattern) for pattern in PLACE_VARIABLES)
