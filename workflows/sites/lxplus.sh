# A job has the Kerberos ticket of its submitter, but AFS and EOS tokens only once they are asked for.
command -v aklog >/dev/null && aklog
command -v eosfusebind >/dev/null && eosfusebind >/dev/null 2>&1
true
