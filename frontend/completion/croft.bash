# shellcheck shell=bash
# Completion of croft(1) in bash, with bash-completion or without it.
#
# The tables are made from croft's own when it is built. _croft_level LEVEL sets, for a verb with the words before it,
# words, options, operands (a list each) and again (the last list holds for all that follow); _croft_value 'LEVEL OPTION'
# sets value, the list for an option that takes one; of a switch, 'LEVEL OPTION='. A list is words, and what begins with @: see _croft_list.

# @TABLES@

# Sets line: the words up to the cursor as croft would get them, where bash cuts at = and : too; at: where in
# COMP_WORDS each begins; tail: what bash replaces of the last.
_croft_line()
{
	local rest=${COMP_LINE:0:COMP_POINT} word i

	line=() at=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $i == 0 || $rest == [[:space:]]* ]]; then
			rest=${rest#"${rest%%[![:space:]]*}"}
			line+=('') at+=("$i")
		fi
		((i == COMP_CWORD)) && word=$rest
		line[-1]+=$word
		rest=${rest#"$word"}
	done
	tail=$word
	[[ $word == +([=:]) ]] && tail=''
	return 0
}

# The named roots; with "user" the user's own.
_croft_roots()
{
	local entry

	# Not the croft that was typed: a key is not to start a program of some directory.
	command croft root list 2>/dev/null | while IFS= read -r entry; do
		[[ $entry =~ ^([^/]*[^/\ ])\ +(user|shared)\ +[a-z]+\ +/ && ${1:-"${BASH_REMATCH[2]}"} == "${BASH_REMATCH[2]}" ]] &&
			printf '%s\n' "${BASH_REMATCH[1]}"
	done
}

# The sandboxes with a name that begins with $1.
_croft_sandboxes()
{
	local name rest

	command croft ps 2>/dev/null | while read -r name rest; do
		[[ $rest == "PID "* ]] || [[ $name != "$1"* ]] || printf '%s\n' "$name"
	done
}

# The named roots that begin with $1, of the user's own with $2 "user".
_croft_list_roots()
{
	local root

	_croft_roots "$2" | while IFS= read -r root; do
		[[ $root == "$1"* ]] && printf '%s\n' "$root"
	done
}

# _croft_list BEGIN LIST: a line each, what begins with BEGIN.
_croft_list()
{
	local begin=$1 word path given

	# As far as typed: readline quotes what it inserts.
	path=${begin#[\"\']}
	path=${path//\\/}
	read -ra given <<<"$2"
	for word in "${given[@]}"; do
		case $word in
		@FILE | @PATH) compgen -f -- "$path" ;;
		@DIR) compgen -d -- "$path" ;;
		@ROOT)
			_croft_list_roots "$path" ''
			compgen -d -S / -- "$path" # without a slash it would be a name
			;;
		@OWN-ROOT) _croft_list_roots "$path" user ;;
		@SANDBOX) _croft_sandboxes "$path" ;;
		@USER) compgen -u -- "$begin" ;;
		@VARIABLE) compgen -e -- "$begin" ;;
		*) [[ $word == "$begin"* ]] && printf '%s\n' "$word" ;;
		esac
	done
}

# _croft_offer BEFORE BEGIN LIST: into COMPREPLY what begins with BEGIN. BEFORE stands before it in the same word.
_croft_offer()
{
	local before=$1 begin=$2 list=$3 i

	[[ $list == *@PATH* && $begin == *:* ]] && return # a place in the sandbox, or options
	mapfile -t COMPREPLY < <(_croft_list "$begin" "$list")
	for i in "${!COMPREPLY[@]}"; do
		COMPREPLY[i]=$before${COMPREPLY[i]}
		COMPREPLY[i]=${COMPREPLY[i]#"${cur%"$tail"}"}
	done
	[[ $list == *@* ]] && compopt -o filenames 2>/dev/null
	[[ $list == *@PATH* ]] && compopt -o nospace 2>/dev/null
	return 0
}

# A command of its own, which begins at word $1 of line.
_croft_command()
{
	local offset

	for offset in _comp_command_offset _command_offset; do
		declare -F "$offset" >/dev/null || continue
		"$offset" "${at[$1]}"
		return
	done
	compopt -o filenames 2>/dev/null
	if (($1 == ${#line[@]} - 1)) && [[ $cur != */* ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	else
		_croft_offer '' "$cur" @FILE
	fi
}

# Of the letters $1, sets n to where the one stands that takes a value.
_croft_letters()
{
	for ((n = 1; n < ${#1}; n++)); do
		_croft_value "$level -${1:n:1}" && return
	done
	return 1
}

# What may stand at the cursor, when the words before it are read.
_croft_here()
{
	local n

	if [[ $pending ]]; then
		_croft_value "$level $pending"
		_croft_offer '' "$cur" "$value"
	elif [[ ! $ended && $cur == --*=* ]]; then
		{ _croft_value "$level ${cur%%=*}" || _croft_value "$level ${cur%%=*}="; } &&
			_croft_offer "${cur%%=*}=" "${cur#*=}" "$value"
	elif [[ ! $ended && $cur == -[!-]* ]] && _croft_letters "$cur" && ((n + 1 < ${#cur})); then
		_croft_offer "${cur:0:n+1}" "${cur:n+1}" "$value"
	elif [[ ! $ended && $cur == -* ]]; then
		_croft_offer '' "$cur" "$options"
	elif [[ $words ]]; then
		_croft_offer '' "$cur" "$words"
	elif [[ ${operands[count]-} == @COMMAND ]]; then
		_croft_command $((${#line[@]} - 1))
	else
		[[ $again ]] && ((count >= ${#operands[@]})) && count=$((${#operands[@]} - 1))
		_croft_offer '' "$cur" "${operands[count]-}"
	fi
}

_croft()
{
	local line at tail words options operands again value IFS=$' \t\n'
	local level=croft pending='' ended='' count=0 cur i n word

	COMPREPLY=()
	_croft_line
	cur=${line[-1]}
	_croft_level croft
	for ((i = 1; i < ${#line[@]} - 1; i++)); do
		word=${line[i]}
		if [[ $pending ]]; then
			pending=''
		elif [[ ! $ended && $word == -- ]]; then
			ended=yes
		elif [[ ! $ended && $word == --?* ]]; then
			[[ $word != *=* ]] && _croft_value "$level $word" && pending=$word
		elif [[ ! $ended && $word == -?* ]]; then
			_croft_letters "$word" && ((n + 1 == ${#word})) && pending=-${word:n:1}
		elif [[ $words ]]; then
			level+=" $word" ended=''
			_croft_level "$level" || return 0
		elif [[ ${operands[count]-} == @COMMAND ]]; then
			[[ $word == -- ]] && ((i++))
			_croft_command "$i"
			return
		else
			ended=yes
			((++count))
		fi
	done
	_croft_here
}

complete -F _croft croft
