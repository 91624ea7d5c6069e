"""Completion in bash, zsh and fish, asked of the shells themselves; what is right is what `--help` says."""
import os
import re
import subprocess

from croft_test import CroftTest, USER, remove_tree

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOTS = '/.local/share/croft/roots'

# Calls the function with what bash would give it for each line.
BASH = r'''
source "$1"; shift
while (($#)); do
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=() COMPREPLY=(); shift
    while [[ $1 != $'\n' ]]; do COMP_WORDS+=("$1"); shift; done
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); shift
    _croft croft "${COMP_WORDS[-1]}"
    printf '%s\t\n' "${COMPREPLY[@]}"; echo =
done
'''

# Tab answers: what is added to the matches goes to a file, with what is shown for it.
ZSH = r'''
PS1='' RPS1=''
autoload -Uz compinit && compinit -u -D
compadd() {
    local -a found shown
    local at=${argv[(i)(-|--)]} i
    [[ -n ${(M)argv[1,at]:#-[OAD]} ]] && { builtin compadd "$@"; return }
    i=${argv[1,at][(I)-*d]}
    (( i )) && [[ ${argv[i]} != -J* && ${argv[i + 1]} == [[:alpha:]_]## ]] && shown=("${(@P)argv[i + 1]}")
    builtin compadd -A found -D shown "$@"
    for (( i = 1; i <= $#found; i++ )); do print -r -- "$found[i]"$'\t'"$shown[i]" >>$ANSWER; done
    builtin compadd "$@"
}
setopt extendedglob
answer() { _main_complete; compstate[insert]='' compstate[list]='' }
zle -C answer complete-word answer
ask() { : >$ANSWER; zle answer; BUFFER=''; zle -M "answered $((++asked))" }
zle -N ask
bindkey '^I' ask
print ready to answer
'''

FISH = 'for line in $argv; complete -C $line; echo =; end'


class Completion(CroftTest):
    def setUp(self):
        self.needs_package('bash-completion', 'zsh', 'fish')
        self.folder = self.make_dir(USER)
        self.files = {name: self.prefix + '/share/' + path for name, path in (
            ('bash', 'bash-completion/completions/croft'), ('zsh', 'zsh/site-functions/_croft'),
            ('fish', 'fish/vendor_completions.d/croft.fish'))}
        self.env = {'PATH': self.prefix + '/bin:/usr/bin:/bin', 'HOME': self.folder, 'XDG_DATA_HOME': '',
                    'XDG_DATA_DIRS': self.prefix + '/share:/usr/share', 'ANSWER': self.folder + '/answer'}
        self.here = self.folder + '/here'
        for name in ('here', 'here/there', 'here/other'):
            os.mkdir(f'{self.folder}/{name}')
            self.give(f'{self.folder}/{name}', USER)
        self.write(self.here + '/file', '', USER)

    def make_roots(self):
        """The user's own, and one of everybody's."""
        shared = self.statedir + '/roots/shared'
        own = self.folder + ROOTS
        for path in (own + '/mine', own + '/two words', shared):
            os.makedirs(path)
        subprocess.run(['chown', '-R', USER, self.folder], check=True)
        self.addCleanup(remove_tree, self.statedir)

    # --- the shells: [[(candidate, shown)]] for the lines, each up to the cursor

    def bash(self, lines):
        words = []
        for line in lines:
            words += [line, *re.findall(r'[=:]+|[^\s=:]+', line), *([''] if line[-1] == ' ' else []), '\n']
        r = self.run_as(USER, ['bash', '--norc', '-c', BASH, 'bash', self.files['bash'], *words], env=self.env,
                        cwd=self.here)
        self.assertRan(r)
        self.assertEqual(r.err, '')
        return r.out

    def fish(self, lines):
        r = self.run_as(USER, ['fish', '-c', FISH, *lines], env=self.env, cwd=self.here)
        self.assertRan(r)
        self.assertEqual(r.err, '')
        return r.out

    def zsh(self, lines):
        setup = self.write(self.folder + '/setup', f'fpath=({os.path.dirname(self.files["zsh"])} $fpath)\n' + ZSH)
        t = self.terminal(USER, ['zsh', '-f', '-i'], rows=50, cols=250, env=self.env, cwd=self.here)
        t.send(f'source {setup}\n')
        t.expect('ready to answer')
        out = ''
        for number, line in enumerate(lines, 1):
            t.send(line + '\t')
            t.expect(f'answered {number}\\b')
            with open(self.env['ANSWER'], encoding='utf-8') as f:
                out += f.read() + '=\n'
        t.send('\x04')
        t.wait()
        return out

    def ask(self, shell, *lines):
        """For each line a dict: what is offered -> what is shown with it."""
        answers = getattr(self, shell)(lines).split('=\n')[:-1]
        self.assertEqual(len(answers), len(lines))
        result = []
        for answer, line in zip(answers, lines):
            offered = {}
            for candidate, _, shown in (entry.partition('\t') for entry in answer.splitlines() if entry.strip()):
                word = line.rpartition(' ')[2]
                if '=' in word:  # fish gives the whole word, the others what follows
                    candidate = candidate.removeprefix(word[:word.index('=') + 1])
                offered[candidate.removesuffix('=').replace('\\', '')] = shown
            result.append(offered)
        return result

    def each_shell(self, *lines):
        for shell in ('bash', 'zsh', 'fish'):
            yield (shell, *self.ask(shell, *lines))

    # --- the truth

    def help_of(self, level):
        r = self.croft(USER, *level.split(), '--help')
        self.assertRan(r)
        return r.out

    def words_below(self, level):
        return re.findall(r'^  ([a-z]+)(?: \S+)?  +\S', self.help_of(level).partition('\nOptions:')[0], re.MULTILINE)

    def levels(self):
        """Every verb, with the words before it."""
        verbs = self.words_below('')
        self.assertTrue({'run', 'plan', 'root', 'policy', 'doctor', 'help', 'version'} <= set(verbs))
        return ['', *verbs, *('root ' + w for w in self.words_below('root')),
                *('policy ' + w for w in self.words_below('policy'))]

    def options(self, level):
        """{option: (its value or '', its help)} as `--help` has them, and help itself."""
        if level in ('help', 'version'):
            return {}
        rows = re.findall(r'^ +(?:-(\w) )? *--([a-z0-9-]+)(?: (\S+))?\s+(\S.*)$',
                          self.help_of(level).partition('\nOptions:\n')[2], re.MULTILINE)
        rows.append(('h', 'help', '', 'print this help'))
        if level == '':
            rows.append(('', 'version', '', 'print the version'))
        found = {'--' + name: (arg, text) for _, name, arg, text in rows}
        found.update({'-' + letter: (arg, text) for letter, _, arg, text in rows if letter})
        return found

    # --- tests

    def test_every_option_is_completed_where_it_may_stand_and_no_other(self):
        levels = self.levels()
        self.assertGreater(len(self.options('run')), 30)
        lines = [f'croft {level} -'.replace('  ', ' ') for level in levels]
        for shell, *answers in self.each_shell(*lines):
            for level, offered in zip(levels, answers):
                self.assertEqual(set(offered), set(self.options(level)), f'{shell}: croft {level} -')

    def test_long_options_are_narrowed_by_what_is_typed(self):
        expected = {name for name in self.options('run') if name.startswith('--e')}
        self.assertIn('--ephemeral', expected)
        for shell, offered, stacked in self.each_shell('croft run --e', 'croft run -t --no'):
            self.assertEqual(set(offered), expected, shell)
            self.assertEqual(set(stacked), {'--no-init', '--no-gate'}, shell)

    def test_zsh_and_fish_show_the_help_of_each_option(self):
        levels = [level for level in self.levels() if self.options(level)]
        for shell in ('zsh', 'fish'):
            answers = self.ask(shell, *(f'croft {level} --'.replace('  ', ' ') for level in levels))
            for level, offered in zip(levels, answers):
                for name, (_, text) in self.options(level).items():
                    if name.startswith('--'):
                        self.assertIn(text, offered[name], f'{shell}: croft {level} {name}')

    def test_the_files_name_no_option_that_is_in_no_table(self):
        known = {name for level in self.levels() for name in self.options(level)}
        for shell, pattern, least in (('bash', r'(?<![\w-])--[a-z][\w-]*', 100), ('zsh', r'(?<![\w-])--[a-z][\w-]*', 100),
                                      ('fish', r'(?m)^complete .* -l ([a-z][\w-]*)', 60)):
            with open(self.files[shell], encoding='utf-8') as f:
                named = re.findall(pattern, f.read())
            self.assertGreater(len(named), least, shell)
            self.assertEqual({'--' + name.lstrip('-') for name in named} - known, set(), shell)

    def test_verbs_and_their_words_are_completed(self):
        levels = ['', 'root', 'policy', 'policy explain']
        lines = [f'croft {level} '.replace('  ', ' ') for level in levels]
        for shell, *answers in self.each_shell(*lines, 'croft policy e', 'croft help ', 'croft version ',
                                               'croft nonsense '):
            for level, offered in zip(levels, answers):
                self.assertEqual(set(offered) - set(self.options(level)), set(self.words_below(level)), f'{shell} {level}')
            narrowed, helped, nothing, unknown = (set(a) for a in answers[len(levels):])
            self.assertEqual((narrowed, helped, nothing, unknown),
                             ({'explain'}, set(self.words_below('')), set(), set()), shell)

    def test_kinds_of_policy_explain_are_those_that_it_takes(self):
        kinds = self.words_below('policy explain')
        self.assertRefused(self.croft(USER, 'policy', 'explain', 'nonsense', 'x'), 125,
                           'expected ' + re.sub(', (?=[a-z]+$)', ' or ', ', '.join(kinds)))
        words = [kind for kind in kinds if kind not in ('volume', 'root', 'device')]
        lines = [*(kind + ' ' for kind in words), '--json volume fi', 'device fi', 'root h', 'root o']
        for shell, *answers in self.each_shell(*('croft policy explain ' + line for line in lines)):
            for kind, offered in zip(words, answers):
                r = self.croft(USER, 'policy', 'explain', kind, 'nonsense')
                self.assertRefused(r, 125, kind + ': expected ')
                taken = re.search(r'expected (.*), found', r.err).group(1)
                if kind == 'capability':
                    self.assertLess({'default', 'CHOWN', 'SYS_ADMIN'}, set(offered), shell)
                    self.assertRan(self.croft(USER, 'policy', 'explain', kind, 'chown'), 1)
                    continue
                self.assertEqual(set(offered), set(re.split(r', | or ', taken)), f'{shell} {kind}')
            volume, device, root, path = answers[len(words):]
            self.assertEqual((set(volume), set(device), set(root)), ({'file'}, {'file'}, {'host'}), shell)
            self.assertEqual({p.rstrip('/') for p in path}, {'other'}, shell)

    def test_where_a_value_is_one_of_some_words_these_are_completed(self):
        closed = {(level, name): set(arg.split('|')) for level in self.levels()
                  for name, (arg, _) in self.options(level).items() if re.fullmatch(r'[a-z0-9-]+(\|[a-z0-9-]+)*', arg)}
        self.assertIn(('run', '--map'), closed)
        self.assertIn(('plan', '--network'), closed)
        for (level, name), words in closed.items():
            lines = [f'croft {level} {name} ', *([f'croft {level} {name}='] if name[1] == '-' else [])]
            for shell, *answers in self.each_shell(*lines):
                for line, offered in zip(lines, answers):
                    self.assertEqual(set(offered), words, f'{shell}: {line}')

    def test_a_switch_takes_true_or_false_behind_its_equals_sign(self):
        switches = [(level, name) for level in self.levels() for name, (arg, _) in self.options(level).items()
                    if not arg and name not in ('--help', '--version') and name[1] == '-']
        self.assertIn(('run', '--read-only'), switches)
        self.assertIn(('stop', '--kill'), switches)
        for shell, *answers in self.each_shell(*(f'croft {level} {name}=' for level, name in switches), 'croft run --tty=f', 'croft run --help='):
            for (level, name), offered in zip(switches, answers):
                self.assertEqual(set(offered), {'true', 'false'}, f'{shell}: croft {level} {name}=')
            self.assertEqual([set(a) for a in answers[-2:]], [{'false'}, set()], shell)
        for shell, behind in self.each_shell('croft run --read-only h'):  # the root, and no value of the switch
            self.assertEqual(set(behind), {'host'}, shell)

    def test_capabilities_are_completed_as_croft_takes_them(self):
        for shell, add, drop in self.each_shell('croft run --cap-add ', 'croft run -t --cap-drop NET_R'):
            self.assertTrue({'ALL', 'CHOWN', 'SYS_ADMIN', 'BPF'} <= set(add), shell)
            self.assertGreater(len(add), 38, shell)
            self.assertEqual(set(drop), {'NET_RAW'}, shell)
            self.assertRan(self.croft(USER, 'plan', *(f'--cap-add={cap}' for cap in add), 'host', 'true'))

    def test_roots_are_completed_named_ones_directories_and_the_host(self):
        self.make_roots()
        everything = {'host', 'mine', 'two words', 'shared', 'there/', 'other/'}
        lines = ('run ', 'plan --map self ', 'doctor --root ', 'run -- ', 'run m', 'root rm ', 'root rm mine t',
                 'root build ')
        for shell, *answers in self.each_shell(*('croft ' + line for line in lines)):
            run, plan, doctor, ended, narrowed, rm, second, build = (
                # the slash that zsh adds is no part of what it matched; that it stays, the test at the prompt shows
                {c + '/' if shell == 'zsh' and c in ('there', 'other') else c for c in a if c[0] != '-'}
                for a in answers)
            for offered in (run, plan, doctor, ended):
                self.assertEqual(offered, everything, shell)
            self.assertEqual((narrowed, rm, second, {c.rstrip('/') for c in build}),
                             ({'mine'}, {'mine', 'two words'}, {'two words'}, {'there', 'other'}), shell)

    def test_sandboxes_with_a_name_are_completed(self):
        self.env['XDG_RUNTIME_DIR'] = self.make_dir(USER, 0o700)
        for name in ('box-a', 'box-b', 'other'):
            self.assertRan(self.croft(USER, 'run', '--map', 'self', '-d', '--name', name, 'host', '--', 'sleep', '300', env=self.env))
            self.addCleanup(self.croft, USER, 'stop', name, env=self.env)
        for shell, *answers in self.each_shell(*('croft ' + line for line in ('exec ', 'logs box-', 'stop other b'))):
            self.assertEqual([{c for c in a if c[0] != '-'} for a in answers], [{'box-a', 'box-b', 'other'}] + [{'box-a', 'box-b'}] * 2, shell)

    def test_files_directories_users_and_variables_are_completed(self):
        lines = ('-v ', '-v ./f', '--volume=', '--conf ', '--conf=t', '--env-file ', '-tie HOM', '-u root')
        for shell, *answers in self.each_shell(*('croft run ' + line for line in lines)):
            volume, below, glued, conf, conf_t, env_file, variable, user = ({c.rstrip('/') for c in a} for a in answers)
            for offered in (volume, glued, env_file):
                self.assertEqual(offered, {'there', 'other', 'file'}, shell)
            self.assertIn(below, ({'./file'}, {'file'}), shell)  # zsh keeps the folder apart
            self.assertEqual((conf, conf_t, variable, user), ({'there', 'other'}, {'there'}, {'HOME'}, {'root'}), shell)

    def test_a_value_that_cannot_be_guessed_is_left_alone(self):
        lines = ('--hostname ', '--stop-timeout ', '--network -', '-- -', '-v /x:/')
        for shell, *answers in self.each_shell(*('croft run ' + line for line in lines)):
            if shell == 'fish':  # completes paths behind any colon
                answers.pop()
            self.assertEqual([set(a) for a in answers], [set()] * len(answers), shell)

    def test_behind_the_root_is_a_command_and_no_option_of_croft(self):
        begin = ('croft run host ', 'croft run --map self ./there -- ', 'croft run -- host ', 'croft plan host unknown ',
                 'croft run host unknown -x ', 'croft root build ./there unknown ')
        lines = [line + dash for line in begin for dash in ('-', '--')]
        options = set(self.options('run')) | set(self.options('root build'))
        for shell, *answers in self.each_shell(*lines, 'croft run host mkfif', 'croft run host -- mkfif', 'croft root build x mkfif',
                                               'croft run -t host cat fi', 'croft run host -- cat fi'):
            for line, offered in zip(lines, answers):
                self.assertEqual(set(offered) & options, set(), f'{shell}: {line}')
            for offered in answers[len(lines):-2]:
                self.assertEqual(set(offered), {'mkfifo'}, shell)
            self.assertEqual([set(a) for a in answers[-2:]], [{'file'}] * 2, shell)

    def test_the_first_operand_ends_options_where_no_command_follows_too(self):
        self.make_roots()
        lines = ('root rm mine ', 'root rm -f mine ', 'policy check file ', 'policy test file ', 'policy explain ids ')
        options = {name for level in self.levels() for name in self.options(level)}
        for shell, *answers in self.each_shell(*(f'croft {line}{dash}' for line in lines for dash in ('-', '--'))):
            for offered in answers:
                self.assertEqual(set(offered) & options, set(), shell)

    def typed(self, shell, start, *lines):
        """What croft would get of lines typed at a prompt, tabs and all."""
        t = self.terminal(USER, shell, rows=50, cols=200, env=self.env, cwd=self.here)
        t.send(start + '; croft() { printf "<%s>" "$@"; echo; }; PS1="next""> "\n')
        got = []
        for line in lines:
            t.expect('next> ')
            t.send(line + '\n')
            got.append(t.expect(r'(<\S.*>)\r\n').group(1))
        t.expect('next> ')
        t.send('exit\n')
        t.wait()
        return got

    def test_at_the_prompt_a_tab_writes_what_croft_takes(self):
        self.make_roots()
        lines = ('croft ru\t--netw\tno\tthe\t mkfif\t', 'croft run --network=h\thost', 'croft run --read\t host', 'croft run --read-only=f\thost', 'croft run --conf=oth\t host mkfif\t',
                 'croft run two\ttrue')
        expected = ['<run><--network><none><there/><mkfifo>', '<run><--network=host><host>', '<run><--read-only><host>', '<run><--read-only=false><host>',
                    '<run><--conf=other/><host><mkfifo>', '<run><two words><true>']
        source = f'source {self.files["bash"]}'
        bash = ['bash', '--norc', '--noprofile', '-i']
        self.assertEqual(self.typed(bash, source, lines[0], lines[2], lines[-1]), [expected[0], expected[2], expected[-1]])
        self.assertEqual(self.typed(bash, 'source /usr/share/bash-completion/bash_completion', *lines), expected)
        self.assertEqual(self.typed(['zsh', '-f', '-i'], f'fpath=({os.path.dirname(self.files["zsh"])} $fpath); '
                                    'autoload -Uz compinit; compinit -u -D', *lines),
                         ['<run><--network=none><there/><mkfifo>', *expected[1:4], '<run><--conf=other><host><mkfifo>', expected[-1]])

    def test_uninstall_removes_the_three_files(self):
        for prefix, zsh in (('/usr', 'vendor-completions'), ('/usr/local', 'site-functions')):
            there = [self.folder + prefix + '/share/' + path for path in (
                'bash-completion/completions/croft', f'zsh/{zsh}/_croft', 'fish/vendor_completions.d/croft.fish')]
            for path in there:
                os.makedirs(os.path.dirname(path))
                self.write(path, '')
            r = subprocess.run(['make', '-s', '-C', TOP, 'uninstall', 'DESTDIR=' + self.folder, 'PREFIX=' + prefix],
                               capture_output=True, text=True, env={'PATH': os.environ['PATH']})
            self.assertEqual(r.returncode, 0, r.stderr)
            self.assertEqual([path for path in there if os.path.exists(path)], [])
