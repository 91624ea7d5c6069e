"""OCI image layouts, good and hostile, made by the standard library.

    layout = Layout(path)
    layout.image([layout.layer([dir_('etc'), file('etc/motd', 'hello\\n')])], name='web')
    layout.write()

LIES is a table of layouts that croft root import has to refuse, made of a good one; HOSTILE_LAYERS one of the layers
of an image that it has to refuse.
"""
import gzip
import hashlib
import io
import json
import os

from hostile_archives import dir_, file, hard, link, member, tarfile, write

OCI = 'application/vnd.oci.image.'
INDEX = OCI + 'index.v1+json'
MANIFEST = OCI + 'manifest.v1+json'
CONFIG = OCI + 'config.v1+json'
LAYER = OCI + 'layer.v1.tar'
MACHINES = {'x86_64': 'amd64', 'aarch64': 'arm64'}
HERE = {'os': 'linux', 'architecture': MACHINES.get(os.uname().machine, os.uname().machine)}


def digest(data, kind='sha256'):
    return f'{kind}:{hashlib.new(kind, data).hexdigest()}'


def tar(members):
    out = io.BytesIO()
    write(out, members)
    return out.getvalue()


class Layout:
    def __init__(self, path):
        self.path = path
        self.entries = []
        os.makedirs(path + '/blobs/sha256')
        os.makedirs(path + '/blobs/sha512')

    def blob_path(self, name):
        return f'{self.path}/blobs/' + name.replace(':', '/')

    def blob(self, data, kind='sha256'):
        name = digest(data, kind)
        with open(self.blob_path(name), 'wb') as f:
            f.write(data)
        return {'digest': name, 'size': len(data)}

    def json(self, document, **more):
        return {**self.blob(json.dumps(document).encode()), **more}

    def layer(self, members, pack='gzip', kind='sha256'):
        """A layer's descriptor, and its diff id."""
        data = members if isinstance(members, bytes) else tar(members)
        packed = gzip.compress(data, 1, mtime=0) if pack == 'gzip' else data
        media = LAYER + ('+gzip' if pack == 'gzip' else '')
        return {'mediaType': media, **self.blob(packed, kind)}, digest(data, kind)

    def manifest(self, layers, config=None, diffs=None, **more):
        document = {**HERE, 'config': config or {}, 'rootfs': {'type': 'layers', 'diff_ids': diffs or [d for _, d in layers]}}
        return self.json({'schemaVersion': 2, 'mediaType': MANIFEST, 'config': self.json(document, mediaType=CONFIG),
                          'layers': [x for x, _ in layers], **more}, mediaType=MANIFEST)

    def add(self, descriptor, name=None, platform=None):
        if name is not None:
            descriptor = {**descriptor, 'annotations': {'org.opencontainers.image.ref.name': name}}
        self.entries.append({**descriptor, **({'platform': platform} if platform else {})})
        return descriptor

    def image(self, layers, name=None, **more):
        return self.add(self.manifest(layers, **more), name)

    def index(self, entries, **more):
        return self.json({'schemaVersion': 2, 'manifests': entries, **more}, mediaType=INDEX)

    def put(self, name, text):
        with open(f'{self.path}/{name}', 'w', encoding='utf-8') as f:
            f.write(text)

    def write(self):
        self.put('oci-layout', '{"imageLayoutVersion": "1.0.0"}')
        self.put('index.json', json.dumps({'schemaVersion': 2, 'manifests': self.entries}))
        return self.path


GOOD = [dir_('bin'), file('bin/sh', 'x', mode=0o755)]


def _change(layout, descriptor, data):
    with open(layout.blob_path(descriptor['digest']), 'wb') as f:
        f.write(data)


def _good(layout):
    layer = layout.layer(GOOD)
    return layer, layout.image([layer])


def _entry(**fields):
    def lie(layout):
        _good(layout)
        layout.entries[0].update(fields)
    return lie


def _layer(**fields):
    def lie(layout):
        descriptor, diff = layout.layer(GOOD)
        layout.image([({**descriptor, **fields}, diff)])
    return lie


def _other_bytes_of_the_layer(layout):
    (layer, _), _ = _good(layout)
    with open(layout.blob_path(layer['digest']), 'rb') as f:
        data = f.read()
    _change(layout, layer, data[:-8] + b'12345678')


def _other_layer(layout):
    """As long as the one that was there."""
    (layer, _), _ = _good(layout)
    other = gzip.compress(tar([dir_('bin'), file('bin/sh', 'y', mode=0o755)]), 1, mtime=0)
    layer_size = layer['size']
    _change(layout, layer, other[:layer_size].ljust(layer_size, b'\0'))


def _other_manifest(layout):
    _, manifest = _good(layout)
    _change(layout, manifest, b' ' * manifest['size'])


def _diff(value):
    def lie(layout):
        layout.image([layout.layer(GOOD)], diffs=[value])
    return lie


def _diffs_of_another_number(layout):
    descriptor, diff = layout.layer(GOOD)
    layout.image([(descriptor, diff)], diffs=[diff, diff])


def _nested(depth):
    def lie(layout):
        inner = layout.manifest([layout.layer(GOOD)])
        for _ in range(depth):
            inner = layout.index([inner])
        layout.add(inner)
    return lie


def _cycle(layout):
    """An index that says to lead to itself: its bytes cannot have the digest."""
    name = 'sha256:' + 'c' * 64
    text = json.dumps({'schemaVersion': 2, 'manifests': [{'mediaType': INDEX, 'digest': name, 'size': 0}]})
    text = text.replace('"size": 0', f'"size": {len(text) + 2}')
    with open(layout.blob_path(name), 'w', encoding='utf-8') as f:
        f.write(text)
    layout.add({'mediaType': INDEX, 'digest': name, 'size': len(text)})


def _linked_blob(layout):
    (layer, _), _ = _good(layout)
    path = layout.blob_path(layer['digest'])
    os.rename(path, layout.path + '/elsewhere')
    os.symlink(layout.path + '/elsewhere', path)


def _fifo(layout):
    (layer, _), _ = _good(layout)
    path = layout.blob_path(layer['digest'])
    os.unlink(path)
    os.mkfifo(path)


def _index(text):
    def lie(layout):
        layout.write()
        layout.put('index.json', text)
        layout.write = lambda: layout.path
    return lie


def _long_tail(layout):
    layout.image([layout.layer(tar(GOOD) + bytes(8 << 20))])


HEX = 'a' * 64
# why, what is done to a layout, the message of the refusal
LIES = [
    ('a digest that is a path', _entry(digest='sha256:../../../etc/passwd'), r'the digest sha256:\S+ is not sha256: and 64'),
    ('a digest with a slash', _layer(digest='sha256:' + HEX[:62] + '/a'), 'is not sha256: and 64 of the digits'),
    ('a kind of digest that is a path', _entry(digest='../..:' + HEX), 'is of no known kind'),
    ('a digest in capital letters', _entry(digest='sha256:' + HEX.upper()), 'is not sha256: and 64'),
    ('a kind of digest that is not safe', _layer(digest='md5:' + 'a' * 32), 'is of no known kind'),
    ('no digest', _entry(digest=None), r'manifests\[0\]: it has no digest'),
    ('a manifest that is longer', _entry(size=5), r'has \d+ bytes, and 5 are said to be there'),
    ('a manifest without end', _entry(size=1 << 40), 'is to have more than 4194304 bytes'),
    ('a size that is negative', _entry(size=-1), 'it is not a whole number from 0 on'),
    ('a size beyond 64 bits', _entry(size=1 << 70), 'the number has more than 64 bits'),
    ('a layer that is longer', _layer(size=5), r'has \d+ bytes, and 5 are said to be there'),
    ('other bytes in the layer', _other_bytes_of_the_layer, '(the layer is not what its digest|read the layer: )'),
    ('another layer', _other_layer, '(the layer is not what its digest|read the layer: )'),
    ('another manifest', _other_manifest, 'is not what its digest sha256:'),
    ('a diff id of something else', _diff('sha256:' + HEX), 'the archive in the layer is not what its digest'),
    ('a diff id that is a path', _diff('../../escaped'), 'is of no known kind'),
    ('more diff ids than layers', _diffs_of_another_number, 'it has 2 items for 1 layers'),
    ('a layer to be had elsewhere', _layer(mediaType=OCI + 'layer.nondistributable.v1.tar+gzip', urls=['elsewhere']),
     'the layer is not in the layout but to be had elsewhere'),
    ('a layer of no known type', _layer(mediaType='application/x-executable'), 'the type of the layer is not known'),
    ('a manifest of no known type', _entry(mediaType='text/plain'), 'its type is text/plain, which is no image'),
    ('an artifact', lambda layout: layout.image([layout.layer(GOOD)], config={}) and layout.entries.__setitem__(
        0, layout.json({'schemaVersion': 2, 'config': layout.json({}, mediaType='application/vnd.unknown'), 'layers': []},
                       mediaType=MANIFEST)), 'so this is no image to run'),
    ('no layer', lambda layout: layout.image([]), 'the image has no layer'),
    ('very many layers', lambda layout: layout.image([layout.layer(GOOD)] * 300), 'it has more than 256 items'),
    ('indexes very deep', _nested(6), 'the indexes lie in one another more than 4 deep'),
    ('indexes in a circle', _cycle, 'is not what its digest'),
    ('a blob that is a link', _linked_blob, r'open blobs/sha256/\w+: (Symbolic link loop|Too many levels)'),
    ('a blob that is a pipe', _fifo, 'is not a file'),
    ('an index that is huge', _index('[' * (5 << 20)), 'index.json has more than 4194304 bytes'),
    ('an index that is deep', _index('{"a":' + '[' * 5000), 'index.json: line 1, column .*nesting too deep'),
    ('an index that is no object', _index('[]'), 'the document is not an object'),
    ('an index that is no JSON', _index('{'), 'index.json: .*ends too early'),
    ('an index without images', _index('{"schemaVersion": 2, "manifests": []}'), 'there is no image in it'),
    ('an index of another version', _index('{"schemaVersion": 1, "manifests": []}'), 'its schemaVersion is not 2'),
    ('a layer that goes on after its end', _long_tail, 'more than 1048576 bytes follow the end of the layer'),
    ('an image of another system', lambda layout: layout.add(layout.manifest([layout.layer(GOOD)]),
                                                             platform={'os': 'windows', 'architecture': 'amd64'}),
     r'there is no image for linux/\w+ in it\ncroft: hint: there are some for: windows/amd64'),
]


# why, the layers of an image, the message of the refusal; out stands for a folder that must not change
HOSTILE_LAYERS = [
    ('a whiteout of ..', lambda out: [[dir_('a'), file('a/.wh...')]], r'the whiteout \.wh\.\.\. is of nothing'),
    ('a whiteout of .', lambda out: [[dir_('a'), file('a/.wh..')]], r'the whiteout \.wh\.\. is of nothing'),
    ('a whiteout of no name', lambda out: [[file('.wh.')]], r'the whiteout \.wh\. is of nothing'),
    ('a whiteout of a whiteout', lambda out: [[file('.wh..wh.x')]], 'is of nothing that can be'),
    ('a whiteout that is a link', lambda out: [[link('.wh.a', out)]], r'the whiteout \.wh\.a is not a file'),
    ('links in a circle', lambda out: [[link('a', 'b'), link('b', 'c/../a'), dir_('c')], [file('a/x', 'x')]],
     'a: it leads through a symbolic link: .*Too many levels of symbolic links'),
    ('a link to itself', lambda out: [[link('a', 'a')], [file('a/.wh.x'), file('a/x', 'x')]], 'a: it leads through a symbolic link: .*Too many levels'),
    ('a link to a file', lambda out: [[link('a', 'b'), file('b', 'x')], [file('a/x', 'x')]], 'a: it leads through a symbolic link: .*not a directory'),
    ('a link through a file', lambda out: [[link('a', 'b/c'), file('b', 'x')], [file('a/x', 'x')]],
     'a: it leads through a symbolic link: .*not a directory'),
    ('a link of the same layer', lambda out: [[dir_('b'), link('a', 'b'), file('a/x', 'x')]], 'unpack a/x: '),
    ('links one after another without end', lambda out: [[link(f'a{i}', f'a{i + 1}') for i in range(60)] + [dir_('a60')], [file('a0/x', 'x')]],
     'a0: it leads through a symbolic link: .*Too many levels'),
    ('a file below a file', lambda out: [[file('a', 'x')], [file('a/b', 'x')]], 'a: it is no directory in the layers below'),
    ('a hard link to a layer below', lambda out: [[file('a', 'x')], [hard('b', 'a')]], 'unpack b: '),
    ('a name that leads out', lambda out: [[file('../escaped', 'x')]], "a name with '..' leads out"),
    ('a link that leads out', lambda out: [[link('a', out), file('a/escaped', 'x')]], 'unpack a/escaped: '),
    ('directories without end', lambda out: [[dir_('d/' * 300)]], 'the directories are more than 200 deep'),
    ('an owner beyond all ranges', lambda out: [[file('a', 'x', uid=4000000)]], 'a belongs to uid 4000000'),
]

# why, the layers of an image in which a link of one is followed by the next; what is in the root then: a name and the text of the
# file, the target of the link, or None for a directory
FOLLOWED = [
    ('a link to what lies outside', lambda out: [[link('a', out)], [file('a/x', 'x')]], lambda out: {'a': out, out[1:] + '/x': 'x'}),
    ('a whiteout through it', lambda out: [[link('a', out)], [file('a/.wh.kept')]], lambda out: {'a': out, out[1:]: None}),
    ('an opaque marker through it', lambda out: [[link('a', out)], [file('a/.wh..wh..opq')]], lambda out: {'a': out, out[1:]: None}),
    ('a link far up', lambda out: [[link('a', '../../../../../../..'), dir_('tmp')], [file('a/tmp/x', 'x')]],
     lambda out: {'a': '../../../../../../..', 'tmp/x': 'x'}),
    ('.. behind a link', lambda out: [[link('a', 'b/l/../d'), dir_('b'), link('b/l', '/c/deep'), dir_('c/deep'), dir_('c/d')], [file('a/x', 'x')]],
     lambda out: {'a': 'b/l/../d', 'b/l': '/c/deep', 'c/deep': None, 'c/d/x': 'x'}),
    ('a chain, absolute and relative', lambda out: [[link('a', '/b'), link('b', 'c/d'), dir_('c'), link('c/d', '../e'), dir_('e')], [file('a/x', 'x')]],
     lambda out: {'a': '/b', 'b': 'c/d', 'c/d': '../e', 'e/x': 'x'}),
    ('links below links', lambda out: [[link('a', 'b'), dir_('b'), link('b/c', '/d'), dir_('d/e')], [file('a/c/e/x', 'x')]],
     lambda out: {'a': 'b', 'b/c': '/d', 'd/e/x': 'x'}),
    ('a link to the root', lambda out: [[link('a', '/')], [file('a/a/x', 'x'), file('a/y', 'y')]], lambda out: {'a': '/', 'x': 'x', 'y': 'y'}),
    ('a link to nothing', lambda out: [[link('var/run', '/run/deep')], [file('var/run/x', 'x')]], lambda out: {'var/run': '/run/deep', 'run/deep/x': 'x'}),
    ('whiteouts', lambda out: [[link('a', 'b'), dir_('b'), file('b/1', '1'), file('b/2', '2'), dir_('b/d'), file('b/d/3', '3'), file('b/d/4', '4')],
                               [file('a/.wh.1'), file('a/d/.wh.3'), file('a/5', '5')]], lambda out: {'a': 'b', 'b/2': '2', 'b/d/4': '4', 'b/5': '5'}),
    ('an opaque marker', lambda out: [[link('a', 'b'), dir_('b'), file('b/1', '1'), dir_('b/d'), file('b/d/3', '3')],
                                      [file('a/.wh..wh..opq'), file('a/5', '5'), file('b/6', '6')]], lambda out: {'a': 'b', 'b/5': '5', 'b/6': '6'}),
    ('a file in place of one', lambda out: [[link('a', 'b'), dir_('b'), file('b/1', 'old'), dir_('b/2'), file('b/2/x', 'old')],
                                            [file('a/1', 'new'), file('a/2', 'new')]], lambda out: {'a': 'b', 'b/1': 'new', 'b/2': 'new'}),
    ('what the same layer has there by its own name', lambda out: [[link('a', 'z'), link('y', 'z'), dir_('z')],
                                                                   [file('a/1', 'link'), file('z/1', 'own'), file('y/.wh.1')]],
     lambda out: {'a': 'z', 'y': 'z', 'z/1': 'link'}),
    ('a link that the layer takes away', lambda out: [[link('a', 'b'), dir_('b'), file('b/1', '1')], [file('.wh.a'), file('a/.wh.1'), file('a/2', '2')]],
     lambda out: {'b/1': '1', 'a/2': '2'}),
    ('a link that becomes a directory', lambda out: [[link('a', 'b'), dir_('b'), file('b/1', '1')], [dir_('a'), file('a/.wh.1'), file('a/2', '2')]],
     lambda out: {'b/1': '1', 'a/2': '2'}),
    ('a link that a layer between replaces', lambda out: [[link('a', 'b'), dir_('b')], [link('a', 'c'), dir_('c')], [file('a/x', 'x')]],
     lambda out: {'a': 'c', 'b': None, 'c/x': 'x'}),
]

# Layers in which the one above changes what is below in every way there is.
CHANGES = [
    [dir_('.', mode=0o755), dir_('kept', mode=0o750), file('kept/a', 'a'), file('kept/b', 'b', mode=0o600), dir_('gone'),
     dir_('gone/deep'), file('gone/deep/x', 'x'), dir_('emptied', mode=0o711), file('emptied/old', 'old'), dir_('emptied/olddir'),
     file('emptied/olddir/x', 'x'), link('link', 'kept'), file('file', 'file'), dir_('dir'), file('dir/in', 'in'), link('dangling', 'nowhere'),
     file('one', 'same'), hard('two', 'one'), dir_('shut', mode=0o500), file('shut/x', 'x'), file('both', 'below')],
    [file('.wh.gone'), file('kept/.wh.a'), dir_('emptied', mode=0o700), file('emptied/.wh..wh..opq'), file('emptied/new', 'new'),
     file('link', 'a file now'), dir_('file'), file('file/below', 'y'), link('dir', 'kept'), file('.wh.dangling'), file('.wh.nothing'),
     file('kept/c', 'c'), file('.wh.shut'), file('.wh.two'), file('.wh.both'), file('both', 'above')],
    [dir_('gone', mode=0o700), file('gone/again', 'z'), file('new/implied/file', 'f'), file('emptied/more', 'more'),
     dir_('kept', mode=0o700), member('one', tarfile.REGTYPE, b'other', mode=0o4755)],
    [],
]
