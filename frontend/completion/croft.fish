# Completion of croft(1) in fish.
#
# The tables are made from croft's own when it is built. A level is a verb with the words before it: __croft_words has
# the words that may follow it, __croft_valued its options that take a value.

# Where the cursor is: the level, then the operands before the cursor.
function __croft_where
    set -l tokens (commandline -opc)
    set -l level croft
    set -l ended
    set -e tokens[1]
    while set -q tokens[1]
        set -l token $tokens[1]
        set -e tokens[1]
        set -l takes
        if test -z "$ended" && string match -q -- '-?*' $token
            switch $token
                case --
                    set ended yes
                case '--*=*'
                case '--*'
                    contains -- $token (__croft_valued $level) && set takes yes
                case '*'
                    __croft_last_is_valued $level $token && set takes yes
            end
            # fish would offer options for a value that begins with a dash
            test -n "$takes" && not set -q tokens[1] && string match -q -- '-*' (commandline -ct) && return
            test -n "$takes" && set -e tokens[1]
        else if contains -- $token (__croft_words $level)
            set level "$level $token"
            set ended
        else
            echo $level
            string join \n -- $token $tokens
            return
        end
    end
    echo $level
end

# Whether of the letters together the last is the first that takes a value, which then is the next word.
function __croft_last_is_valued --argument-names level token
    set -l letters (string split '' -- (string sub -s 2 -- $token))
    for i in (seq (count $letters))
        if contains -- -$letters[$i] (__croft_valued $level)
            test $i -eq (count $letters)
            return
        end
    end
    return 1
end

# __croft_at LEVEL N [more]: whether the cursor is in LEVEL, behind N operands, or more.
function __croft_at --argument-names level n more
    set -l where (__croft_where)
    set -l operands (math (count $where) - 1)
    test "$where[1]" = "$level" && test $operands -eq $n -o -n "$more" -a $operands -gt $n
end

# The same, but not behind the = of an option, where fish would offer operands as well.
function __croft_first
    not string match -q -- '--*=*' (commandline -ct)
    and __croft_at $argv
end

# The named roots; with "user" the user's own.
function __croft_roots --argument-names whose
    # Not the croft that was typed: a key is not to start a program of some directory.
    for entry in (command -q croft && command croft root list 2>/dev/null)
        set -l match (string match -r '^([^/]*[^/ ]) +(user|shared) +[a-z]+ +/' -- $entry)
        or continue
        test -z "$whose" -o "$whose" = "$match[3]"
        and echo $match[2]
    end
end

# The operands behind N of them are a command of its own.
function __croft_command
    set -l command (__croft_where)
    # the level, and what stands before the command
    set -e command[1..2]
    test "$command[1]" = -- && set -e command[1]
    set -l line (string join ' ' -- (string escape -- $command) (commandline -ct))
    complete --do-complete="$line"
end

# Lines for `complete -a`, of words, and what begins with @; files are left to fish.
function __croft_offer
    for entry in $argv
        switch $entry
            case @FILE @PATH
            case @DIR
                __fish_complete_directories (string replace -r '^--[^=]*=' '' -- (commandline -ct)) ''
            case @ROOT
                __croft_roots
                __fish_complete_directories (string replace -r '^--[^=]*=' '' -- (commandline -ct)) ''
            case @OWN-ROOT
                __croft_roots user
            case @SANDBOX
                command croft ps 2>/dev/null | string match -rg -- '^(\S+)\s+\d'
            case @USER
                __fish_complete_users
            case @VARIABLE
                set -xn
            case @COMMAND
                __croft_command
            case '*'
                echo $entry
        end
    end
end

complete -c croft -f
# @TABLES@
