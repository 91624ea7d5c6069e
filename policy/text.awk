# Turns the policy that is compiled in into a C string.
BEGIN { print "/* Made by policy/text.awk from policy/built-in.conf. */\n#include \"policy/load.h\"\nconst char policy_built_in[] =" }
{ gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); printf "\t\"%s\\n\"\n", $0 }
END { print "\t;" }
