# The names of capabilities, from the kernel's header (cc -E -dM), as a C table.
$2 ~ /^CAP_[A-Z_]+$/ && $3 ~ /^[0-9]+$/ { name[$3] = $2; if ($3 + 0 > last) last = $3 + 0 }
END {
	print "/* Made by common/capnames.awk from linux/capability.h. */"
	print "extern const char *const cap_names[];\nextern const unsigned cap_names_count;"
	print "const char *const cap_names[] = {"
	for (i = 0; i <= last; i++) printf "\t%s,\n", (i in name) ? "\"" name[i] "\"" : "0"
	print "};\nconst unsigned cap_names_count = " last + 1 ";"
}
