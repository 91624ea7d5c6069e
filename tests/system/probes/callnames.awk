# The system calls of this architecture as a table of C, out of `cc -E -dM` of <sys/syscall.h>.
BEGIN { print "static const struct { const char *name; int nr; } callname[] = {" }
$1 == "#define" && $2 ~ /^__NR_[a-z]/ && $3 ~ /^[0-9]+$/ { printf "\t{\"%s\", %s},\n", substr($2, 6), $3 }
END { print "};" }
