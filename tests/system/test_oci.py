"""croft root import oci:DIR: layers become a root, as umoci makes it; what is shared, refused, left behind."""
import collections
import contextlib
import glob
import os
import random
import signal
import stat
import subprocess
import time

import hostile_archives as make
from croft_test import USER, USER_NO_SUB, mounts, processes_of, snapshot_tree
from image_layouts import CHANGES, FOLLOWED, GOOD, HERE, HOSTILE_LAYERS, LIES, Layout
from test_import import ImportTest

IMPORTS = int(os.environ.get('KILLS') or 200) // 10
SEED = int(os.environ.get('SEED') or random.SystemRandom().randrange(1 << 32))
# A signal, and to whom: croft, its process in the user namespace, croft-import.
EVENTS = [(signal.SIGKILL, 0), (signal.SIGKILL, 1), (signal.SIGKILL, 2), (signal.SIGTERM, 0), (signal.SIGKILL, 2), (signal.SIGTERM, 2)]


class LayoutTest(ImportTest):
    def setUp(self):
        super().setUp()
        self.layouts = 0

    def layout(self):
        self.layouts += 1
        return Layout(f'{self.dir}/layout{self.layouts}')

    def image(self, *layers, name=None, **more):
        """'oci:' and a layout with one image of these layers."""
        layout = self.layout()
        layout.image([layout.layer(x) for x in layers], name, **more)
        return 'oci:' + layout.write()

    def tree(self, path):
        """Type, mode and content, without what only one of two tools has: owners, times of directories, links."""
        return {name: (entry[0], entry[-1]) for name, entry in snapshot_tree(path).items() if name != '.'}


class Layers(LayoutTest):
    def test_the_sandbox_runs_what_was_imported(self):
        self.assertRan(self.croft(self.user, 'root', 'build', self.dir + '/built', 'bash', 'cat', 'stat', 'touch'))
        with subprocess.Popen(['tar', '--owner=0', '--group=0', '-c', '-C', self.dir + '/built', '.'], stdout=-1) as p:
            built = p.stdout.read()
        image = self.image(built, [make.dir_('srv'), make.file('srv/owned', 'x', uid=33, gid=33)],
                           config={'Cmd': ['bash', '-c', "echo it's"], 'WorkingDir': '/srv', 'Env': ['A=b']})
        r = self.assertImported(image, 'it')
        self.assertRegex(r.err, r"(?m)^croft: it: the image would run: croft run --workdir /srv --env A=b it -- bash -c 'echo it'\S+s'$")
        for options, writable in (([], ''), (['--ephemeral'], 'writable\n'), (['--read-only'], '')):
            for root in ('it', self.roots + '/it'):
                r = self.croft(self.user, 'run', *options, root, 'bash', '-c',
                               'stat -c %u:%g /srv/owned /; touch /srv/new && echo x >/srv/owned && echo writable', env=self.env)
                self.assertEqual(r.out, '33:33\n0:0\n' + writable, r)
                if not writable:
                    self.assertIn('Read-only file system', r.err)
        self.assertFalse(os.path.exists(self.roots + '/it/srv/new'))
        with open(self.roots + '/it/srv/owned', encoding='ascii') as f:
            self.assertEqual(f.read(), 'x')

    def test_the_tree_is_what_umoci_unpacks(self):
        self.needs_package('umoci', 'skopeo')
        layout = self.layout()
        layout.image([layout.layer(x) for x in CHANGES], 'it')
        path = layout.write()
        for name, how in (('gzip', ['gzip']), ('zstd', ['zstd'])):
            with self.subTest(name):
                copy = f'{self.dir}/{name}'
                subprocess.run(['skopeo', '--insecure-policy', 'copy', '-q', '--dest-compress', '--dest-compress-format', *how,
                                f'oci:{path}:it', f'oci:{copy}:it'], check=True, stdin=subprocess.DEVNULL)
                self.assertImported(f'oci:{copy}:it', name)
        bundle = self.dir + '/bundle'
        self.assertRan(self.run_as(self.user, ['umoci', 'unpack', '--rootless', '--image', path + ':it', bundle]))
        want = self.tree(bundle + '/rootfs')
        self.assertEqual(want['one'][0], '-rwsr-xr-x')
        want['one'] = ('-rwxr-xr-x', want['one'][1])
        self.assertGreater(len(want), 10)
        for name in ('gzip', 'zstd'):
            self.assertEqual(self.tree(f'{self.roots}/{name}'), want)

    def test_a_layer_that_is_there_is_not_stored_again(self):
        big = [make.dir_('usr'), make.file('usr/big', os.urandom(1 << 20)), make.file('usr/small', 'x')]
        self.assertImported(self.image(big, [make.file('first', '1')]), 'first')
        second = self.image(big, [make.file('second', '2'), make.file('usr/.wh.small')])
        self.assertImported(second, 'second')
        self.assertEqual(self.listed(), ['.layers', 'first', 'second'])
        inode = {os.stat(f'{self.roots}/{name}/usr/big').st_ino for name in ('first', 'second')}
        self.assertEqual(len(inode), 1)
        used = subprocess.run(['du', '-sk', self.roots], stdout=-1, check=True, text=True).stdout
        self.assertLess(int(used.split()[0]), 1500)
        self.assertEqual(len([n for n in os.listdir(self.roots + '/.layers') if n.startswith('sha256-')]), 3)
        for name, rest in (('first', ['second']), ('second', [])):
            self.assertRan(self.croft(self.user, 'root', 'rm', name, env=self.env))
            self.assertEqual(self.listed(), ['.layers', *rest] if rest else [])
            for left in rest:
                self.assertEqual(os.path.getsize(f'{self.roots}/{left}/usr/big'), 1 << 20)
                self.assertEqual(len([n for n in os.listdir(self.roots + '/.layers') if n.startswith('sha256-')]), 2)

    def test_the_list_says_that_it_shares_layers(self):
        self.assertImported(self.image(GOOD), 'it')
        self.assertEqual(self.croft(self.user, 'root', 'list', env=self.env).out.split(), ['it', 'user', 'layers', self.roots + '/it'])
        self.assertIn('"kind": "layers"', self.croft(self.user, 'root', 'list', '--json', env=self.env).out)

    def test_another_map_of_ids_has_layers_of_its_own(self):
        image = self.image([make.file('a', 'x', uid=33)])
        self.assertImported(image, 'it')
        self.assertImported('--map', 'self', image, 'mine')
        self.assertEqual([os.stat(f'{self.roots}/{name}/a').st_uid for name in ('it', 'mine')],
                         [self.outside_id(33), self.outside_id(0)])
        self.user = USER_NO_SUB
        self.setUp()
        self.assertImported('--map', 'self', self.image([make.file('a', 'x', uid=33)]), 'it')

    def test_a_layer_in_any_dress_is_taken(self):
        layout = self.layout()
        layout.image([layout.layer(GOOD, pack='none'), layout.layer([make.file('long', 'x')], kind='sha512')])
        self.assertImported('oci:' + layout.write(), 'it')
        self.assertEqual(sorted(os.listdir(self.roots + '/it')), ['bin', 'long'])


class Links(LayoutTest):
    def setUp(self):
        super().setUp()
        self.make_outside()

    def seen(self, root):
        """{name: its text, where it points, or None of an empty directory}"""
        found = {}
        for folder, dirs, files in os.walk(root):
            for name in dirs + files:
                path = f'{folder}/{name}'
                if os.path.islink(path):
                    found[path[len(root) + 1:]] = os.readlink(path)
                elif os.path.isfile(path):
                    with open(path, encoding='utf-8') as f:
                        found[path[len(root) + 1:]] = f.read()
                elif not os.listdir(path):
                    found[path[len(root) + 1:]] = None
        return found

    def test_links_of_a_layer_below_are_followed_inside_the_root(self):
        for why, layers, want in FOLLOWED:
            with self.subTest(why):
                self.remove_roots()
                before = snapshot_tree(self.outside)
                self.assertImported(self.image(*layers(self.outside)), 'it')
                self.assertEqual(self.seen(self.roots + '/it'), want(self.outside))
                self.assertUnchanged(self.outside, before)

    def test_what_another_root_has_of_these_layers_stays_as_it_was(self):
        for why, layers, _ in FOLLOWED:
            with self.subTest(why):
                self.remove_roots()
                first, *rest = layers(self.outside)
                self.assertImported(self.image(first), 'below')
                before = snapshot_tree(self.roots)
                self.assertImported(self.image(first, *rest), 'it')
                self.assertRan(self.croft(self.user, 'root', 'rm', 'it', env=self.env))
                after = snapshot_tree(self.roots)
                for changes in ('.', '.layers'):  # names come and go in them
                    self.assertEqual(before.pop(changes)[:4], after.pop(changes)[:4])
                self.assertEqual(after, before)

    def test_umoci_follows_them_too(self):
        self.needs_package('umoci')
        for number, (why, layers, want) in enumerate(FOLLOWED):
            if why not in ('a chain, absolute and relative', '.. behind a link', 'whiteouts', 'a file in place of one', 'links below links'):
                continue
            with self.subTest(why):
                layout = self.layout()
                layout.image([layout.layer(x) for x in layers(self.outside)], 'it')
                bundle = f'{self.dir}/bundle{number}'
                self.assertRan(self.run_as(self.user, ['umoci', 'unpack', '--rootless', '--image', layout.write() + ':it', bundle]))
                self.assertEqual(self.seen(bundle + '/rootfs'), want(self.outside))

    def test_a_program_below_a_merged_usr_runs_by_both_names(self):
        self.assertRan(self.croft(self.user, 'root', 'build', self.dir + '/built', 'bash', 'cat'))
        self.assertTrue(os.path.islink(self.dir + '/built/bin'), 'the host has a merged /usr')
        with subprocess.Popen(['tar', '--owner=0', '--group=0', '-c', '-C', self.dir + '/built', '.'], stdout=-1) as p:
            built = p.stdout.read()
        image = self.image(built, [make.file('bin/new', '#!/bin/bash\necho "$0"\n', mode=0o755), make.file('lib/of-it', 'x'), make.file('bin/.wh.cat')])
        self.assertImported(image, 'it')
        r = self.croft(self.user, 'run', 'it', 'bash', '-c', '/bin/new; /usr/bin/new; [ -f /usr/lib/of-it ] && type cat', env=self.env)
        self.assertEqual((r.status, r.out), (1, '/bin/new\n/usr/bin/new\n'), r)
        self.assertIn('cat: not found', r.err)
        self.assertTrue(os.path.islink(self.roots + '/it/bin'))


class Copies(LayoutTest):
    def test_files_are_those_of_the_shared_root_and_nobody_elses(self):
        times = {'mtime': 1500000000}
        image = self.image(*CHANGES, [make.file('owned', 'x', uid=33, gid=8, mode=0o640, **times), make.link('points', 'owned', uid=5),
                                      make.file('tagged', 'x', pax_headers={'SCHILY.xattr.user.kept': 'yes'}), make.sparse('holes', 64 << 20),
                                      make.file('three', 'same'), make.hard('four', 'three'), make.hard('dir2/five', 'three')])
        self.assertImported(image, 'shared')
        self.assertImported('--copy', image, 'own')

        def without_links(root):
            return {name: entry[:4] + entry[5:] if name != '.' else entry[1:4] for name, entry in snapshot_tree(root).items()}
        self.assertEqual(without_links(self.roots + '/own'), without_links(self.roots + '/shared'))
        inodes = [{os.lstat(f'{folder}/{name}').st_ino for folder, _, files in os.walk(f'{self.roots}/{root}') for name in files} for root in ('own', 'shared')]
        self.assertGreater(len(inodes[0]), 8)
        self.assertEqual(inodes[0] & inodes[1], set())
        own = self.roots + '/own'
        self.assertEqual({os.stat(f'{own}/{name}').st_ino for name in ('three', 'four', 'dir2/five')}, {os.stat(own + '/three').st_ino})
        self.assertEqual([os.stat(f'{own}/{name}').st_nlink for name in ('three', 'owned')], [3, 1])
        self.assertEqual(os.getxattr(own + '/tagged', 'user.kept'), b'yes')
        self.assertLess(os.stat(own + '/holes').st_blocks * 512, 1 << 20)
        listed = self.croft(self.user, 'root', 'list', env=self.env).out.split()
        self.assertEqual(listed, ['own', 'user', 'directory', own, 'shared', 'user', 'layers', self.roots + '/shared'])

    def test_what_is_written_in_it_changes_neither_the_store_nor_another_root(self):
        with subprocess.Popen(['tar', '--owner=0', '--group=0', '-c', '-C', self.built(), '.'], stdout=-1) as p:
            built = p.stdout.read()
        image = self.image(built, [make.file('srv/a', 'a'), make.hard('srv/b', 'srv/a'), make.dir_('srv/d')])
        self.assertImported(image, 'shared')
        self.assertImported('--copy', image, 'own')
        self.assertImported('--copy', image, 'other')
        trees = [f'{self.roots}/{name}' for name in ('shared', 'other', '.layers')]
        before = [snapshot_tree(tree) for tree in trees]
        change = 'echo more >>/srv/a; cat /srv/b; chmod 600 /bin/bash; touch /srv/d/new; rm /bin/cat'
        r = self.croft(self.user, 'run', 'own', 'bash', '-c', change, env=self.env)
        self.assertEqual((r.status, r.out, r.err), (0, 'amore\n', ''))
        self.assertTrue(os.path.exists(self.roots + '/own/srv/d/new'))
        for tree, was in zip(trees, before):
            self.assertUnchanged(tree, was)
        r = self.croft(self.user, 'run', 'shared', 'bash', '-c', 'echo more >>/srv/a', env=self.env)
        self.assertRefused(r, 1, 'Read-only file system')

    def built(self):
        self.assertRan(self.croft(self.user, 'root', 'build', self.dir + '/built', 'bash', 'cat', 'chmod', 'touch', 'rm'))
        return self.dir + '/built'

    def test_alone_it_leaves_no_layer_behind(self):
        image = self.image(*CHANGES)
        self.assertImported('--copy', image, 'it')
        self.assertEqual(self.listed(), ['it'])
        self.assertImported('--copy=false', image, 'shared')
        self.assertImported('--map', 'self', '--copy', image, 'mine')
        self.assertEqual({os.lstat(f'{self.roots}/mine/{name}').st_uid for name in os.listdir(self.roots + '/mine')}, {self.outside_id(0)})
        self.assertRan(self.croft(self.user, 'root', 'rm', 'shared', env=self.env))
        self.assertEqual(self.listed(), ['it', 'mine'])
        self.archive(GOOD)
        self.assertImported('--copy', self.tar, 'archive')

    def test_a_full_disk_is_one_sentence_and_leaves_nothing(self):
        image = self.image([make.file('a', os.urandom(700 << 10))])
        os.mkdir(self.dir + '/data')
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=777', 'croft-test', self.dir + '/data'], check=True)
        try:
            self.assertImported(image, 'it')  # the layer has room
            self.remove_roots()
            self.assertImportRefused(r'\Acroft: layer 1 of the image: a: copy the file of the layer: No space left on device$', '--copy', image, 'it')
        finally:
            self.remove_roots()
            subprocess.run(['umount', self.dir + '/data'], check=True)

    def test_links_are_followed_in_it_too(self):
        image = self.image([make.link('bin', 'usr/bin'), make.dir_('usr/bin'), make.file('usr/bin/a', 'a')], [make.file('bin/b', 'b'), make.file('bin/.wh.a')])
        self.assertImported('--copy', image, 'it')
        self.assertEqual((os.listdir(self.roots + '/it/usr/bin'), os.readlink(self.roots + '/it/bin')), (['b'], 'usr/bin'))


class Choice(LayoutTest):
    def test_the_name_says_which_image(self):
        layout = self.layout()
        for name in ('a', 'registry.example/b:1'):
            layout.image([layout.layer([make.file(name[0], 'x')])], name)
        path = 'oci:' + layout.write()
        self.assertImported(path + ':registry.example/b:1', 'it')
        self.assertEqual(os.listdir(self.roots + '/it'), ['r'])
        self.remove_roots()
        for want, message in (('', r'there is more than one image in it\ncroft: hint: write oci:DIR:NAME; there are: a, registry.example/b:1'),
                              (':c', r'there is no image called c in it\ncroft: hint: .*there are: a, '),
                              ('/nosuch', 'open the image layout ')):
            self.assertImportRefused(message, path + want, 'it')
        layout.image([layout.layer([make.file('other', 'x')])], 'a')
        layout.write()
        self.assertImportRefused('there is more than one image of that name', path + ':a', 'it')

    def test_this_machine_is_chosen(self):
        layout = self.layout()
        other = layout.manifest([layout.layer([make.file('other', 'x')])])
        mine = layout.manifest([layout.layer([make.file('mine', 'x')])])
        platforms = ({'os': 'linux', 'architecture': 'mips'}, {'os': 'unknown', 'architecture': 'unknown'})
        entries = [{**other, 'platform': p} for p in platforms] + [{**mine, 'platform': HERE}]
        layout.add(layout.index([layout.index(entries)]), 'all')
        layout.add(layout.index(entries[:2]), 'none')
        path = 'oci:' + layout.write()
        self.assertImported(path + ':all', 'it')
        self.assertEqual(os.listdir(self.roots + '/it'), ['mine'])
        self.remove_roots()
        self.assertImportRefused('there are some for: linux/mips, unknown/unknown', path + ':none', 'it')


class Hostile(LayoutTest):
    def setUp(self):
        super().setUp()
        self.make_outside()

    def test_a_layout_that_lies_is_refused(self):
        self.assertImported(self.image(GOOD), 'it')  # a positive control
        self.remove_roots()
        for why, lie, message in LIES:
            with self.subTest(why):
                layout = self.layout()
                lie(layout)
                self.assertImportRefused(message, 'oci:' + layout.write(), 'it')

    def test_what_leads_out_is_refused(self):
        for why, layers, message in HOSTILE_LAYERS:
            with self.subTest(why):
                before = snapshot_tree(self.outside)
                self.assertImportRefused(message, self.image(*layers(self.outside)), 'it')
                self.assertUnchanged(self.outside, before)

    def test_all_layers_together_have_a_limit(self):
        image = self.image([make.file('a', bytes(3000))], [make.file('b', bytes(3000))])
        self.assertImportRefused('unpacks to more than is allowed, at b', '--max-size', '5000', image, 'it')
        self.assertImported('--max-size', '6000', image, 'it')

    def test_no_archive_can_say_that_it_shares_files(self):
        self.archive([make.dir_('.', mode=0o4755), make.file('a', 'x')])
        self.assertImported()
        self.assertEqual(stat.S_IMODE(os.stat(self.roots + '/it').st_mode), 0o755)


class Killed(LayoutTest):
    time_limit = 60 + 3 * IMPORTS

    def processes(self, p):
        """The import's: croft, its child, croft-import."""
        pids = [p.pid]
        for pid in pids:
            try:
                with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as f:
                    pids += map(int, f.read().split())
            except OSError:
                pass
        return pids

    def disturb(self, p, event):
        """Sends the signal; whom is a number of processes(). False: it came too late."""
        sig, whom = event
        pids = self.processes(p)
        if len(pids) <= whom:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pids[whom], sig)
        return True

    def one(self, image, event, moment, options):
        """What is wrong after an import that was disturbed then, or None; and what became of it."""
        p = self.popen_as(self.user, [self.croft_path, 'root', 'import', *options, image, 'it'], env=self.env)
        time.sleep(moment)
        hit = self.disturb(p, event)
        status = p.wait(60)
        if status not in (0, 125, -event[0]):
            return f'status {status}', 'wrong'
        # Whoever was killed tidies up no more: the next one does, once the processes have ended.
        deadline = time.monotonic() + 20
        there = ['it'] if 'it' in self.listed() else []
        want = ['.layers', 'base', *there]
        while self.listed() != want and status == -signal.SIGKILL and time.monotonic() < deadline:
            self.croft(self.user, 'root', 'rm', '--force', 'nosuch', env=self.env)
        while processes_of(self._ids) and time.monotonic() < deadline:
            time.sleep(0.01)
        left = [*processes_of(self._ids), *sorted(mounts() ^ self._mounts), *(set(self.listed()) ^ set(want))]
        if left:
            return f'left: {left}', 'wrong'
        if there:
            seen = {name for folder, dirs, files in os.walk(self.roots + '/it') for name in dirs + files}
            if len(seen) != 80 + 80 + 20 + 1:
                return f'{len(seen)} names in the root', 'wrong'
            self.assertRan(self.croft(self.user, 'root', 'rm', 'it', env=self.env))
        elif status == 0:
            return 'no root, and no error', 'wrong'
        if self.others() != self.before:
            return 'another root or its layers have changed', 'wrong'
        return None, 'whole' if there else 'stopped' if hit else 'too late'

    def others(self):
        """The root that is there, and its layer, without the numbers of links and the directories that names come and go in."""
        found = {}
        for tree in (self.roots + '/base', glob.glob(self.roots + '/.layers/sha256-*')[0]):
            found.update({f'{tree}/{name}': entry[:4] + entry[5:] for name, entry in snapshot_tree(tree).items()})
        return found

    def test_at_whatever_moment_whoever_is_killed_nothing_is_left(self):
        """A sweep over the time that an import takes. `make kill-anywhere` has a longer one, SEED=N one as before."""
        print(f'      SEED={SEED}', flush=True)
        base = [make.file(f'a{i}', bytes([i]) * 20000) for i in range(20)]
        image = self.image(base, [make.dir_('d'), *(make.file(f'd/b{i}/f{i}', 'x') for i in range(80))])
        self.assertImported(self.image(base), 'base')
        self.before = self.others()
        begin = time.monotonic()
        self.assertImported(image, 'it')
        whole = time.monotonic() - begin
        self.assertRan(self.croft(self.user, 'root', 'rm', 'it', env=self.env))
        rng, tally, wrong = random.Random(SEED), collections.Counter(), []
        for i in range(IMPORTS):
            event = EVENTS[i % len(EVENTS)]
            options = rng.choice(((), ('--copy',)))
            moment = whole * 1.1 * (i + rng.random()) / IMPORTS
            what, became = self.one(image, event, moment, options)
            tally[became] += 1
            if what:
                wrong.append(f'SEED={SEED} number {i}: {event} {options} after {moment:.3f} of {whole:.3f} s: {what}')
                break
        print(f'      {IMPORTS} imports: ' + ', '.join(f'{n} {what}' for what, n in sorted(tally.items())))
        self.assertEqual(wrong, [])
        self.assertGreater(tally['stopped'], IMPORTS // 4, 'the moments are not those of an import')

    def test_two_at_once_do_not_disturb_each_other(self):
        image = self.image([make.file('a', os.urandom(2 << 20))], [make.file('b', 'x')])
        started = [self.popen_as(self.user, [self.croft_path, 'root', 'import', image, f'it{i}'], env=self.env) for i in range(4)]
        self.assertEqual([p.wait(60) for p in started], [0] * 4)
        self.assertEqual(self.listed(), ['.layers', 'it0', 'it1', 'it2', 'it3'])
        self.assertEqual(len({os.stat(f'{self.roots}/it{i}/a').st_ino for i in range(4)}), 1)
