"""croft run --network: none, host, and user with both programs; ports that are published; what stays unreachable."""
import json
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import debian_root
from croft_test import EXIT_CROFT, USER
from net_case import HOST, OUTSIDE, OUTSIDE6, PROGRAMS, NetworkTest
from run_case import MAPS

RULES = 'version 1\nallow everyone root host\nallow everyone ids subordinate\nallow everyone network none\n'
USER_NET = ('--network', 'user')
HELLO = 'hello from 0.0.0.0 7000'


class Program:
    """The tests of each of both programs."""
    own = None  # the resolver that the program is
    gateway = None  # what might stand for the host inside
    on_loopback = None  # (protocol, port of the host, option)

    def test_a_server_outside_is_reached(self):
        for address, port in ((OUTSIDE, '7001'), (OUTSIDE6, '7002')):
            self.serve(self.outside, 'echo', address, port)
            for kind in ('tcp', 'udp'):
                with self.subTest(address=address, kind=kind):
                    hello = f'hello from {address} {port}'
                    self.assertEqual(self.ask(self.host, kind, address, port), hello)
                    self.assertEqual(self.answer_in_time(kind, address, port), hello)
                    self.assertEqual(self.ask_inside(kind, address, port, options=('--network', 'none')), 'ENETUNREACH')

    def answer_in_time(self, *words):
        """slirp4netns announces IPv6 to the sandbox, which takes some seconds."""
        script = 'n=0; until python3 -IS /mnt/net_tool.py ask "$@" || [ $n -ge 20 ]; do sleep 0.5; n=$((n+1)); done'
        options = (*USER_NET, '-v', self.tool + ':/mnt/net_tool.py:ro')
        if ':' not in words[1] or self.only == 'pasta':
            return self.ask_inside(*words)
        r = self.croft(USER, 'run', *options, 'host', '--', 'sh', '-c', script, 'sh', *words)
        return r.out.split('\n')[-2]

    def test_with_each_map_of_ids_and_the_mounts_locked(self):
        self.serve(self.outside, 'echo', OUTSIDE, '7001')
        for options in (*(('--map', which) for which in MAPS), ('--cap-add', 'SYS_ADMIN'), ('--no-init',), ('-u', '1000'),
                        ('--map', 'self', '-u', '1000')):
            with self.subTest(options=options):
                # one's own file cannot be read by an isolated user
                tool = open(self.tool, encoding='utf-8').read()
                r = self.croft(USER, 'run', *USER_NET, *options, 'host', '--', 'python3', '-IS', '-c', tool, 'ask', 'tcp', OUTSIDE, '7001')
                self.assertRan(r)
                self.assertEqual((r.out, r.err), (f'hello from {OUTSIDE} 7001\n', ''))

    def resolves(self, resolv, *expected):
        text = self.write(f'{self.folder}/resolv.{time.monotonic_ns()}', resolv)
        begin = time.monotonic()
        r = self.croft(USER, 'run', *USER_NET, 'host', '--', 'sh', '-c', 'cat /etc/resolv.conf; getent ahostsv4 www.example.test', resolv=text)
        self.assertRan(r)
        self.assertLess(time.monotonic() - begin, 4, 'the first resolver does not answer')
        self.assertEqual(r.out.split('\n')[:len(expected)], list(expected))
        self.assertIn(OUTSIDE, r.out.split('\n')[len(expected)], r)

    def test_a_resolver_outside_is_asked(self):
        self.serve(self.outside, 'dns', OUTSIDE)
        self.resolves(f'# comment\nsearch example.net\nnameserver {OUTSIDE}\n', 'search example.net', f'nameserver {OUTSIDE}')

    def test_a_resolver_on_the_hosts_loopback_interface_is_asked(self):
        self.serve(self.host, 'dns', '127.0.0.53')
        self.resolves('nameserver 127.0.0.53\noptions ndots:1\n', f'nameserver {self.own}', 'options ndots:1')

    def test_a_resolver_on_another_address_of_the_host_is_asked(self):
        self.serve(self.host, 'dns', HOST)
        self.resolves(f'nameserver {HOST}\n', f'nameserver {self.own}')

    def test_a_resolv_conf_of_the_callers_is_the_one(self):
        conf = self.home_dir()
        self.write(conf + '/resolv.conf', 'nameserver 203.0.113.1\n', USER)
        r = self.croft(USER, 'run', *USER_NET, '--conf', conf, 'host', '--', 'cat', '/etc/resolv.conf')
        self.assertEqual((r.status, r.out), (0, 'nameserver 203.0.113.1\n'), r)

    def test_what_listens_on_the_hosts_loopback_interface_is_not_reached(self):
        self.serve(self.host, 'echo', '127.0.0.1', '7003')
        self.serve(self.host, 'echo', '::1', '7004')
        control, asked = [], []
        for kind in ('tcp', 'udp'):
            for address, port in (('127.0.0.1', '7003'), ('::1', '7004')):
                control.append((kind, address, port))
                asked += [(kind, there, port) for there in (address, *self.gateway) if (':' in there) == (':' in address)]
        with ThreadPoolExecutor() as pool:  # at once: each that gets no answer waits for one
            reached = list(pool.map(lambda words: self.ask_inside(*words, options=('--network', 'host')), control))
            answers = list(pool.map(lambda words: self.ask_inside(*words), asked))
        self.assertEqual(reached, [f'hello from {address} {port}' for _, address, port in control])
        for words, answer in zip(asked, answers):
            with self.subTest(words):
                self.assertRegex(answer, r'^(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ECONNRESET|timeout|TimeoutError)$')

    def published(self, where, kind, address, port, *option):
        """The answer that a client has of an echo server inside, on whose port 7000 the option leads."""
        tool = open(self.tool, encoding='utf-8').read()
        p = self.start(*USER_NET, *option, 'host', '--', 'python3', '-IS', '-c', tool, 'echo', '0.0.0.0', '7000')
        self.assertEqual(p.stdout.readline(), b'ready\n', p.stderr.read() if p.poll() is not None else '')
        listeners = self.listeners()
        answer = self.ask(where, kind, address, port)
        os.kill(p.pid, signal.SIGTERM)
        self.assertEqual(p.wait(20), 128 + signal.SIGTERM)
        self.assertEqual(self.listeners(), [], 'a port is still listened on')
        return answer, listeners

    def test_a_port_of_the_loopback_interface_leads_inside_and_no_other_does(self):
        for kind, port, option in self.on_loopback:
            with self.subTest(kind=kind):
                answer, listeners = self.published(self.host, kind, '127.0.0.1', port, '-p', option)
                self.assertEqual(answer, HELLO)
                self.assertEqual(len(listeners), 1, listeners)
                self.assertIn(f' 127.0.0.1:{port} ', listeners[0])
                self.assertTrue(listeners[0].startswith(kind), listeners)
                self.assertEqual(self.published(self.outside, kind, HOST, port, '-p', option)[0], 'ECONNREFUSED')

    def test_a_port_of_a_named_address_is_reached_from_outside(self):
        for kind, option in (('tcp', '8080:7000'), ('udp', '8080:7000/udp')):
            for address in ('0.0.0.0', HOST):
                with self.subTest(kind=kind, address=address):
                    answer, listeners = self.published(self.outside, kind, HOST, '8080', '-p', f'{address}:{option}')
                    self.assertEqual(answer, HELLO)
                    self.assertEqual(len(listeners), 1, listeners)
                    self.assertIn(f' {address}:8080 ', listeners[0])

    def test_many_ports_at_once(self):
        options = [word for port in range(8100, 8110) for word in ('-p', f'{HOST}:{port}:7000', '-p', f'{HOST}:{port}:7000/udp')]
        for kind in ('tcp', 'udp'):
            answer, listeners = self.published(self.outside, kind, HOST, '8109', *options)
            self.assertEqual(answer, HELLO)
            self.assertEqual(len(listeners), 20, listeners)

    def test_without_an_option_nothing_inside_is_published(self):
        tool = open(self.tool, encoding='utf-8').read()
        p = self.start(*USER_NET, 'host', '--', 'python3', '-IS', '-c', tool, 'echo', '0.0.0.0', '7000')
        self.assertEqual(p.stdout.readline(), b'ready\n')
        time.sleep(1.5)  # pasta would look once a second what is listened on
        self.assertEqual(self.listeners(), [])
        p.terminate()
        p.wait(20)

    def test_the_web_server_of_python_is_seen_from_the_host(self):
        p = self.start(*USER_NET, '-p', '8080:8000', 'host', '--', 'sh', '-c',
                       'mkdir /tmp/www; echo welcome >/tmp/www/index.html; exec python3 -u -m http.server -d /tmp/www 8000')
        self.assertRegex(p.stdout.readline(), rb'^Serving HTTP')
        r = self.run_as('root', ['nsenter', f'--net=/proc/{self.host}/ns/net', 'python3', '-IS', '-c',
                                 'import http.client; c = http.client.HTTPConnection("127.0.0.1", 8080, timeout=5); c.request("GET", "/"); '
                                 'print(c.getresponse().read())'])
        self.assertEqual(r.out, "b'welcome\\n'\n", r)
        p.terminate()
        p.wait(20)

    def test_a_port_that_cannot_be_had_is_refused_by_name(self):
        self.assertRan(self.croft(USER, 'run', *USER_NET, '-p', '8080:80', 'host', '--', 'true'))
        self.serve(self.host, 'echo', '0.0.0.0', '8080')
        for option, message in (
                ('8080:80', r'publish port 8080/tcp of the host on 127\.0\.0\.1: Address (already )?in use\ncroft: hint: .*ss -ltunp'),
                (f'{HOST}:8080:80/udp', r'publish port 8080/udp of the host on 198\.51\.100\.1: Address (already )?in use\ncroft: hint: '),
                ('81:80', r'publish port 81/tcp of the host on 127\.0\.0\.1: Permission denied\ncroft: hint: .*ip_unprivileged_port_start=81'),
                ('203.0.113.77:8081:80', r'publish port 8081/tcp of the host on 203\.0\.113\.77: (Address not available|Cannot assign '
                                         r'requested address)\ncroft: hint: '),
                ('1.2.3:8081:80', r'publish port 8081/tcp of the host: 1\.2\.3 is no IPv4 or IPv6 address\n')):
            with self.subTest(option=option):
                r = self.croft(USER, 'run', *USER_NET, '-p', option, 'host', '--', 'true')
                self.assertRefused(r, EXIT_CROFT, r'\Acroft: ' + message)
                self.assertEqual(r.out, '')
        self.assertEqual(self.leftovers(2.0), [])

    def test_every_exit_code_is_the_commands(self):
        for code in (0, 1, 77, 255):
            r = self.croft(USER, 'run', *USER_NET, 'host', '--', 'sh', '-c', f'exit {code}')
            self.assertEqual((r.status, r.err), (code, ''), r)

    def test_the_program_ends_with_the_sandbox(self):
        p = self.start(*USER_NET, 'host', '--', 'sh', '-c', 'echo ready; read end', popen={'stdin': -1})
        self.assertEqual(p.stdout.readline(), b'ready\n')
        pid = self.program_of(p)
        p.stdin.close()
        self.assertEqual(p.wait(20), 1)
        self.assertFalse(os.path.exists(f'/proc/{pid}'), 'it is there after croft has ended')

    def test_the_sandbox_goes_on_when_the_program_ends(self):
        p = self.start(*USER_NET, '-p', '8080:80', 'host', '--', 'sh', '-c', 'echo ready; read end; exit 5', popen={'stdin': -1})
        self.assertEqual(p.stdout.readline(), b'ready\n')
        os.kill(self.program_of(p), signal.SIGKILL)
        self.assertRegex(p.stderr.readline().decode(), r'^croft: network user: \w+ ended with status 137: the sandbox goes on without a network$')
        self.assertEqual(self.listeners(), [])
        p.stdin.close()
        self.assertEqual(p.wait(20), 5)

    def test_nothing_of_the_callers_reaches_the_program(self):
        with open(self.folder + '/secret', 'w', encoding='utf-8') as secret:
            p = self.start(*USER_NET, 'host', '--', 'sh', '-c', 'echo ready; read end',
                           popen={'stdin': -1, 'pass_fds': (secret.fileno(),)})
            self.assertEqual(p.stdout.readline(), b'ready\n')
            outer = {os.readlink(f'/proc/{p.pid}/fd/{n}') for n in (0, 1, 2)}
            pid = self.program_of(p)
            inner = {os.readlink(f'/proc/{pid}/fd/{n}') for n in os.listdir(f'/proc/{pid}/fd')}
            with open(f'/proc/{pid}/environ', 'rb') as f:
                environ = f.read()
            with open(f'/proc/{pid}/status', encoding='utf-8') as f:
                status = dict(line.split(':\t', 1) for line in f.read().splitlines())
            with open(f'/proc/{pid}/stat', encoding='utf-8') as f:
                session, tty = f.read().rpartition(')')[2].split()[3:5]
            p.stdin.close()
            p.wait(20)
        self.assertEqual(inner & {*outer, secret.name}, set())
        self.assertEqual(environ, b'PATH=/usr/bin:/bin\0LC_ALL=C\0')
        self.assertEqual((status['NoNewPrivs'], status['SigBlk'], session, tty), ('1', '0' * 16, str(pid), '0'))

    def test_nothing_is_left_when_croft_is_killed_at_any_moment(self):
        rng = random.Random(20240701)
        ends = {'killed': 0, 'ended': 0}
        seen = 0
        for i in range(40):
            command = ('sleep', '600') if i % 2 else ('sleep', '0.01')
            p = self.start(*USER_NET, *(('-p', '8080:80') if i % 4 < 2 else ()), '--map', MAPS[i % 3 - 1], 'host', '--', *command)
            time.sleep(rng.uniform(0.01, 0.3))
            seen += bool(self.programs_of(p.pid))
            p.kill()
            ends['killed' if p.wait(20) == -signal.SIGKILL else 'ended'] += 1
            p.stdout.close()
            p.stderr.close()
            self.assertEqual(self.leftovers(5.0), [])
            self.assertEqual(self.listeners(), [])
        self.assertGreater(ends['killed'], 10, ends)
        self.assertGreater(seen, 5, 'killed too early to say anything')

    def test_a_signal_while_the_network_starts_reaches_the_command(self):
        p = self.start(*USER_NET, 'host', '--', 'sleep', '600')
        self.program_of(p)
        p.terminate()
        self.assertEqual(p.wait(20), 128 + signal.SIGTERM)


class Pasta(Program, NetworkTest):
    only, own, gateway = 'pasta', '169.254.1.1', (OUTSIDE, OUTSIDE6)
    # between different numbers the pasta of Debian 12 loses datagrams of the loopback interface
    on_loopback = (('tcp', '8080', '8080:7000'), ('udp', '7000', '7000:7000/udp'))


class Slirp4netns(Program, NetworkTest):
    only, own, gateway = 'slirp4netns', '10.0.2.3', ('10.0.2.2', '10.0.2.3', 'fd00::2', 'fd00::3')
    on_loopback = (('tcp', '8080', '8080:7000'),)

    def test_datagrams_of_the_loopback_interface_need_pasta(self):
        self.assertRan(self.croft(USER, 'run', *USER_NET, '-p', f'{HOST}:8080:80/udp', 'host', '--', 'true'))
        r = self.croft(USER, 'run', *USER_NET, '-p', '8080:80/udp', 'host', '--', 'true')
        self.assertRefused(r, EXIT_CROFT, r'\Acroft: publish port 8080/udp of the host on 127\.0\.0\.1: slirp4netns brings no answers back '
                                          r'to the loopback interface\ncroft: hint: sudo apt-get install passt; or name another address of '
                                          r'this host\n\Z')

    def test_a_port_on_an_address_of_ipv6_needs_pasta(self):
        r = self.croft(USER, 'run', *USER_NET, '-p', '[::1]:8080:80', 'host', '--', 'true')
        self.assertRefused(r, EXIT_CROFT, r'\Acroft: publish port 8080/tcp of the host on ::1: slirp4netns does that for IPv4 only\n'
                                          r'croft: hint: sudo apt-get install passt; or name another address')


class Choice(NetworkTest):
    """Which program is taken, and what is said when it cannot be."""

    def script(self, text):
        return self.write(f'{self.folder}/script', '#!/bin/sh\n' + text, mode=0o755)

    def test_pasta_is_preferred_and_slirp4netns_is_taken_without_it(self):
        interface = ('--', 'sh', '-c', 'ls /sys/class/net')
        self.assertEqual(self.croft(USER, 'run', *USER_NET, 'host', *interface).out, 'lo\nup0\n')
        r = self.croft(USER, 'run', *USER_NET, 'host', *interface, replace={PROGRAMS['pasta']: self.nothing})
        self.assertEqual(r.out, 'lo\ntap0\n', r)

    def test_neither_installed_is_said_with_the_mending_command(self):
        r = self.croft(USER, 'run', *USER_NET, 'host', '--', 'true', replace={path: self.nothing for path in PROGRAMS.values()})
        self.assertRefused(r, EXIT_CROFT, r'\Acroft: network user: neither pasta nor slirp4netns is installed\n'
                                          r'croft: hint: sudo apt-get install passt\n\Z')

    def test_the_callers_path_is_not_looked_at(self):
        folder = self.home_dir()
        self.write(folder + '/pasta', '#!/bin/sh\ntouch ~/was-run\n', USER, 0o755)
        r = self.croft(USER, 'run', *USER_NET, 'host', '--', 'true', env={'PATH': folder + ':/usr/bin:/bin'})
        self.assertRan(r)
        self.assertFalse(os.path.exists(self.env()['HOME'] + '/was-run'))

    def test_a_device_that_the_user_may_not_open_is_said(self):
        r = self.croft(USER, 'run', *USER_NET, 'host', '--', 'true', tun=self.make_tun(0o600))
        self.assertRefused(r, EXIT_CROFT, r'\Acroft: network user: open /dev/net/tun: Permission denied\ncroft: hint: sudo chmod 666 /dev/net/tun')

    def test_what_a_failing_program_says_is_the_sentence(self):
        for text, message in (('echo one >&2; echo "two\tthree" >&2; exit 3', r'pasta: one; two\\tthree'),
                              ('exit 3', r'pasta ended with status 3 and said nothing'),
                              ('exit 0', r'pasta ended with status 0 and said nothing'),
                              ('kill -9 $$', r'pasta ended with status 137 and said nothing')):
            with self.subTest(text=text):
                r = self.croft(USER, 'run', *USER_NET, 'host', '--', 'echo', 'ran', replace={PROGRAMS['pasta']: self.script(text)})
                self.assertRefused(r, EXIT_CROFT, r'\Acroft: network user: ' + message + r'\n\Z')
                self.assertEqual(r.out, '')

    def test_a_program_that_is_never_ready_is_given_up(self):
        begin = time.monotonic()
        r = self.croft(USER, 'run', *USER_NET, 'host', '--', 'echo', 'ran', replace={PROGRAMS['pasta']: self.script('sleep 600')})
        self.assertRefused(r, EXIT_CROFT, r'\Acroft: network user: pasta was not ready within 10 seconds\n\Z')
        self.assertLess(time.monotonic() - begin, 20)
        self.assertEqual(r.out, '')

    def test_a_program_that_says_much_does_not_hold_up_the_sandbox(self):
        script = self.script('echo 1 >&0; i=0; while [ $i -lt 3000 ]; do echo "a line of sixty-four bytes: $i $i $i $i" >&2; i=$((i+1)); done; '
                             'echo done >/tmp/croft-test-said; exec sleep 600')
        said = '/tmp/croft-test-said'
        self.addCleanup(lambda: os.path.exists(said) and os.unlink(said))
        p = self.start(*USER_NET, 'host', '--', 'sleep', '600', replace={PROGRAMS['pasta']: script})
        deadline = time.monotonic() + 20
        while not os.path.exists(said) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertTrue(os.path.exists(said), 'it hangs in a full pipe')
        p.kill()
        p.wait()

    def test_without_a_default_route_the_reason_is_pastas(self):
        self.ip(self.host, 'link', 'set', 'up0', 'down')
        r = self.croft(USER, 'run', *USER_NET, 'host', '--', 'true')
        if r.status:  # later versions connect what there is
            self.assertRefused(r, EXIT_CROFT, r'\Acroft: network user: pasta: .*interface')


class Words(NetworkTest):
    """What the policy and `croft plan` say."""

    def test_the_policy_allows_or_refuses_user_and_publish(self):
        with self.policy(RULES + 'allow everyone network user\nallow everyone network publish\n'):
            self.assertRan(self.croft(USER, 'run', *USER_NET, '-p', '8080:80', 'host', '--', 'true'))
        with self.policy(RULES + 'allow everyone network user\n'):
            self.assertRan(self.croft(USER, 'run', *USER_NET, 'host', '--', 'true'))
            r = self.croft(USER, 'run', *USER_NET, '-p', '8080:80', 'host', '--', 'true')
            self.assertRefused(r, EXIT_CROFT, rf'\Acroft: network publish: denied for {USER}: no rule allows it')
        with self.policy(RULES + 'allow everyone network publish\n'):
            r = self.croft(USER, 'run', *USER_NET, 'host', '--', 'true')
            self.assertRefused(r, EXIT_CROFT, rf'\Acroft: network user: denied for {USER}: no rule allows it')

    def test_the_plan_shows_network_and_ports(self):
        words = ('plan', *USER_NET, '-p', '8080:80', '-p', '[::1]:53:53/udp', 'host')
        r = self.croft(USER, *words)
        self.assertRan(r)
        self.assertRegex(r.out, r'(?m)^network +user  ')
        self.assertRegex(r.out, r'(?m)^network +publish  ')
        self.assertRegex(r.out, r'(?m)^  port +127\.0\.0\.1:8080 of the host -> 80/tcp inside$')
        self.assertRegex(r.out, r'(?m)^  port +\[::1\]:53 of the host -> 53/udp inside$')
        plan = json.loads(self.croft(USER, words[0], '--json', *words[1:]).out)['plan']
        self.assertEqual(plan['network'], 'user')
        self.assertEqual(plan['ports'], [{'protocol': 'tcp', 'host_port': 8080, 'port': 80, 'address': '127.0.0.1'},
                                         {'protocol': 'udp', 'host_port': 53, 'port': 53, 'address': '::1'}])

    def test_a_port_without_a_network_of_its_own_is_refused(self):
        for which in ('none', 'host'):
            r = self.croft(USER, 'run', '--network', which, '-p', '8080:80', 'host', '--', 'true')
            self.assertRefused(r, EXIT_CROFT, r'\Acroft: option --publish: .*\ncroft: hint: --network user\n\Z')

    def test_doctor_says_what_user_networks_are_made_by(self):
        self.assertRegex(self.croft(USER, 'doctor').out, r'(?m)^ok +user network +/usr/bin/pasta')
        r = self.croft(USER, 'doctor', replace={PROGRAMS['pasta']: self.nothing})
        self.assertRegex(r.out, r'(?m)^ok +user network +/usr/bin/slirp4netns')
        r = self.croft(USER, 'doctor', replace={path: self.nothing for path in PROGRAMS.values()})
        self.assertRegex(r.out, r'(?m)^warn +user network +neither pasta nor slirp4netns is installed\n +mend: sudo apt-get install passt$')
        r = self.croft(USER, 'doctor', tun=self.make_tun(0o600))
        self.assertRegex(r.out, r'(?m)^warn +user network +open /dev/net/tun: Permission denied\n +mend: sudo chmod 666 /dev/net/tun')


class Every(NetworkTest):
    """What holds for each network."""

    def test_abstract_sockets_of_the_host_are_reached_from_its_own_network_only(self):
        self.serve(self.host, 'abstract', 'croft-test')
        script = ('import errno, socket\ns = socket.socket(socket.AF_UNIX)\ntry:\n s.connect("\\0croft-test"); s.send(b"?"); print(s.recv(9))\n'
                  'except OSError as e: print(errno.errorcode[e.errno])')
        for which, answer in (('host', "b'hello'"), ('none', 'ECONNREFUSED'), ('user', 'ECONNREFUSED')):
            with self.subTest(network=which):
                r = self.croft(USER, 'run', '--network', which, 'host', '--', 'python3', '-IS', '-c', script)
                self.assertEqual(r.out, answer + '\n', r)

    def test_the_loopback_interface_is_up(self):
        script = ('import socket\nfor a, f in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):\n'
                  ' s = socket.socket(f); s.bind((a, 0)); s.listen(); c = socket.socket(f); c.connect(s.getsockname()); print(a)')
        for which in ('none', 'user', 'host'):
            with self.subTest(network=which):
                r = self.croft(USER, 'run', '--network', which, 'host', '--', 'python3', '-IS', '-c', script)
                self.assertEqual(r.out, '127.0.0.1\n::1\n', r)


class Debian(NetworkTest):
    """A package is fetched and installed, over the network this machine really has."""
    time_limit = 600

    def install(self, which, **kwargs):
        root = debian_root.unpacked(self, USER)
        r = self.croft(USER, 'run', '--ephemeral', '--network', which, root, '--', 'sh', '-c',
                       'apt-get update -qq && apt-get install -y -qq hello && hello', net=False, timeout=300, **kwargs)
        self.assertRan(r)
        self.assertEqual(r.out.splitlines()[-1], 'Hello, world!')

    def test_apt_get_installs_a_package_over_the_hosts_network(self):
        self.install('host')

    def test_apt_get_installs_a_package_over_pasta(self):
        self.install('user')

    def test_apt_get_installs_a_package_over_slirp4netns(self):
        self.install('user', replace={PROGRAMS['pasta']: self.nothing})
