"""Archives of roots, good and hostile, made of members by the standard library.

    archive(path, [dir_('etc'), file('etc/motd', 'hello\\n'), link('bin', 'usr/bin')])

HOSTILE is a table of what croft root import has to refuse, or to make harmless. `outside` stands for a folder
beside the root that must not change.
"""
import io
import tarfile
import zlib


def member(name, kind, data=b'', **fields):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.size = len(data)
    info.mode = 0o755
    info.mtime = 1700000000
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def dir_(name, **fields):
    return member(name, tarfile.DIRTYPE, **fields)


def file(name, text='', **fields):
    return member(name, tarfile.REGTYPE, text.encode() if isinstance(text, str) else text, **{'mode': 0o644, **fields})


def link(name, target, **fields):
    return member(name, tarfile.SYMTYPE, linkname=target, **fields)


def hard(name, target, **fields):
    return member(name, tarfile.LNKTYPE, linkname=target, **fields)


def node(name, kind=tarfile.CHRTYPE, major=1, minor=3, **fields):
    return member(name, kind, devmajor=major, devminor=minor, **fields)


def write(fileobj, members, mode='w', fmt=tarfile.PAX_FORMAT):
    with tarfile.open(fileobj=fileobj, mode=mode, format=fmt, encoding='utf-8', errors='surrogateescape') as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))


def archive(path, members, mode='w', **options):
    with open(path, 'wb') as f:
        write(f, members, mode, **options)
    return path


def sparse(name, size):
    """A file that says to be of this size and has no data: the sparse format 1.0 of GNU tar, in a pax header."""
    return member('GNUSparseFile.0/' + name, tarfile.REGTYPE, b'0\n'.ljust(512, b'\0'),
                  pax_headers={'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': name,
                               'GNU.sparse.realsize': str(size)})


def zeros(path, size):
    """A small archive whose one file unpacks to so much, compressed by gzip."""
    info, _ = member('zeros', tarfile.REGTYPE)
    info.size = size
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = bytes(1 << 20)
    with open(path, 'wb') as f:
        f.write(pack.compress(info.tobuf(tarfile.GNU_FORMAT)))
        for _ in range(size // len(piece)):
            f.write(pack.compress(piece))
        f.write(pack.flush())
    return path


# why, members, the message of the refusal
REFUSED = [
    ('.. in front', lambda out: [file('../escaped', 'x')], r"member ../escaped: a name with '\.\.' leads out"),
    ('.. in the middle', lambda out: [dir_('a'), file('a/../../escaped', 'x')], r"a name with '\.\.' leads out"),
    ('.. as the whole', lambda out: [dir_('..', mode=0o777)], r"member \.\./: a name with '\.\.' leads out"),
    ('.. behind a slash', lambda out: [file('/../escaped', 'x')], r"a name with '\.\.' leads out"),
    ('through a link out', lambda out: [link('a', out), file('a/escaped', 'x')], r'unpack a/escaped: '),
    ('through a relative link', lambda out: [link('a', '../../../..'), file('a/escaped', 'x')], r'unpack a/escaped: '),
    ('through links through links', lambda out: [link('a', 'b'), link('b', 'c'), link('c', out), file('a/x', 'x')],
     r'unpack a/x: '),
    ('a directory that becomes a link', lambda out: [dir_('a'), link('a', out), file('a/x', 'x')], r'unpack a/x: '),
    ('a full directory that becomes a link', lambda out: [dir_('a'), file('a/f', 'x'), link('a', out), file('a/x', 'x')],
     r'unpack a'),
    ('a hard link through ..', lambda out: [hard('a', '../../../etc/passwd')], r"hard link to \S+: a name with '\.\.'"),
    ('a hard link out', lambda out: [hard('a', out + '/kept')], r'unpack a: '),
    ('a hard link through a link', lambda out: [link('d', out), hard('a', 'd/kept')], r'unpack a: '),
    ('a hard link to itself', lambda out: [hard('a', 'a')], r'unpack a: '),
    ('the root as a file', lambda out: [file('.', 'x')], r'member \.: the root itself is no directory'),
    ('the root as a link', lambda out: [link('./', out)], r'the root itself is no directory'),
    ('a name without end', lambda out: [file('a/' * 3000 + 'f', 'x')], r'the name is longer than 4095 bytes'),
    ('a component without end', lambda out: [file('a' * 300, 'x')], r'unpack a+: .*: File name too long'),
    ('an owner beyond all ranges', lambda out: [file('a', 'x', uid=4000000)], r'a belongs to uid 4000000, which is beyond'),
    ('an owner that is none', lambda out: [file('a', 'x', gid=0xffffffff)], r'a belongs to gid 4294967295, which is beyond'),
    ('a sparse file beyond all files', lambda out: [sparse('huge', (1 << 63) - 1)], r'unpack huge: Seek failed: Invalid argument'),
]

# why, members: unpacked, and harmless
HARMLESS = [
    ('an absolute name', lambda out: [file('/etc/motd', 'x')]),
    ('an absolute name of a folder outside', lambda out: [file(out + '/escaped', 'x')]),
    ('a link that stays a link', lambda out: [link('a', out), link('b', '../../../../etc')]),
    ('a link replaced by a file', lambda out: [link('a', out + '/kept'), file('a', 'x')]),
    ('a link replaced by a directory', lambda out: [link('a', out), dir_('a'), file('a/x', 'x')]),
    ('a hard link to a link, then written', lambda out: [link('a', out + '/kept'), hard('b', 'a'), file('b', 'x')]),
    ('a file replaced while it has a second name', lambda out: [file('a', 'x'), hard('b', 'a'), file('a', 'yy')]),
    ('a hard link with data', lambda out: [file('a', 'x'), hard('b', 'a')]),
    ('modes of a directory that became a link', lambda out: [dir_('a', mode=0o777), link('a', out)]),
    ('names with line ends and escapes', lambda out: [file('a\nb\x1b[2J\x07', 'x'), file('\udcff\udcfe', 'x')]),
    ('devices and fifos', lambda out: [node('dev/null'), node('sda', tarfile.BLKTYPE, 8, 0),
                                       member('fifo', tarfile.FIFOTYPE), dir_('etc')]),
    ('a link in place of dev', lambda out: [link('dev', out), node('dev/null')]),
]
