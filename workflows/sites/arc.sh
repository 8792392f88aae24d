# Where a grid worker finds Python, TensorFlow and law: change this to what your jobs use. An LCG view
# has no law, which a folder beside it can have:
#   pip install --target <folder on CVMFS or a shared disk> law
view="/cvmfs/sft.cern.ch/lcg/views/LCG_107/x86_64-el9-gcc13-opt/setup.sh"
if [ -r "${view}" ]; then source "${view}"; fi
