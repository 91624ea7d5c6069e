"""Lists of what may be so, each with its reason: lines that are keys, then a line "= reason" for those above it; "#" begins a comment."""


def read_allowed(path):
    """{key: reason}."""
    allowed, waiting = {}, []
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if line.startswith('= '):
                if not waiting:
                    raise SystemExit(f'{path}:{number}: a reason for nothing')
                allowed.update((key, line[2:]) for key in waiting)
                waiting = []
            elif line and not line.startswith('#'):
                if line in allowed or line in waiting:
                    raise SystemExit(f'{path}:{number}: twice')
                waiting.append(line)
    if waiting:
        raise SystemExit(f'{path}: no reason for {waiting[0]}')
    return allowed
