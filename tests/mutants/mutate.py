"""The mutants of a C file, by what clang makes of it (libclang): each a small change that still means something.

    for m in mutate.mutants('policy/match.c', ['-I.']): m.key, m.apply(source)

Pure but for reading the file and the headers it includes. What is changed, and into what:
    condition of if               never, always: who notices both, notices the opposite
    condition of a loop, of ?:    its opposite
    operand of && and ||          left out
    < <= > >=                     off by one (but whether a descriptor is below 0: it is never 0, start.c)
    == != elsewhere               the opposite
    + and -                       each other
    integer constant              one more, one less (but what is off by one already; -1 becomes 0 only)
    operand of |                  left out, where it is a name (flags); not O_CLOEXEC: the helpers run no other program
    statement that is a call, or assigns what a call returns   left out
    variable that begins as what a call returns                begins as 0
    return of an int, of a bool   0, the opposite
Arguments of macros are left as they are.
"""
import collections
import re
import sys

try:
    from clang import cindex
except ImportError:  # another python3 than Debian's own comes first
    sys.path.append('/usr/lib/python3/dist-packages')
    from clang import cindex

Kind = cindex.CursorKind
CONTEXT = 60  # characters of a key on each side of the change
FLIP = {'<': '<=', '<=': '<', '>': '>=', '>=': '>', '==': '!=', '!=': '==', '+': '-', '-': '+'}
COMPARING = ('<', '<=', '>', '>=', '==', '!=')
# a constant on the right side that is changed so is the operator off by one
SAME = {'<': {'+ 1'}, '>=': {'+ 1'}, '>': {'- 1'}, '<=': {'- 1'}, '==': set(), '!=': set()}
LOOPS = (Kind.WHILE_STMT, Kind.DO_STMT, Kind.FOR_STMT)
WRAPPERS = (Kind.UNEXPOSED_EXPR, Kind.PAREN_EXPR)
STATEMENTS = (Kind.COMPOUND_STMT, Kind.IF_STMT, Kind.CASE_STMT, Kind.DEFAULT_STMT, *LOOPS)
INTEGER = re.compile(r'(0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*')


class Mutant(collections.namedtuple('Mutant', 'file function line start end new key shows')):
    """key: file:function: text around the change, with [old => new]; the same wherever the line moves to.
    shows: what has to happen for a difference, one of (start, end, 'true' or 'false') of conditions; None: that it is run."""

    def apply(self, source):
        return source[:self.start] + self.new + source[self.end:]


def _span(cursor):
    return cursor.extent.start.offset, cursor.extent.end.offset


def _strip(cursor):
    """Without implicit casts and parentheses."""
    while cursor.kind in WRAPPERS:
        inner = list(cursor.get_children())
        if len(inner) != 1:
            break
        cursor = inner[0]
    return cursor


def _is_integer(kind_of_type):
    return kind_of_type.get_canonical().kind in (cindex.TypeKind.INT, cindex.TypeKind.LONG, cindex.TypeKind.UINT,
                                                 cindex.TypeKind.ULONG, cindex.TypeKind.BOOL)


class _File:
    def __init__(self, file, args):
        self.file = file
        with open(file, encoding='utf-8') as f:
            self.source = f.read()
        unit = cindex.Index.create().parse(
            file, ['-std=gnu11', '-D_GNU_SOURCE', *args],
            options=cindex.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD)
        wrong = [d for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]
        if wrong or not self.source.isascii():
            raise SystemExit(f'mutants: {file}: {wrong[0] if wrong else "not plain ASCII"}')
        own = [c for c in unit.cursor.get_children() if c.location.file and c.location.file.name == file]
        self.macros = {_span(c) for c in own if c.kind == Kind.MACRO_INSTANTIATION}
        self.found = {}
        for c in own:
            if c.kind == Kind.FUNCTION_DECL and c.is_definition():
                self.function, self.result = c.spelling, c.result_type.get_canonical().kind
                body = list(c.get_children())[-1]
                self.walk(body, c, body)
            elif c.kind in (Kind.VAR_DECL, Kind.ENUM_DECL):
                self.function, self.result = c.spelling or 'enum', None
                self.walk(c, None, c)

    def text(self, cursor):
        start, end = _span(cursor)
        return self.source[start:end]

    def add(self, span, new, statement, shows=None):
        """The first of two changes to the same text wins; statement: what the key shows of the surroundings."""
        self.found.setdefault((*span, new), (self.function, _span(statement), shows))

    def outcomes(self, cursor, value):
        """Of which conditions one must come out how, where the whole comes out as value."""
        inner = _strip(cursor)
        if inner.kind == Kind.UNARY_OPERATOR and not self.leaf(inner) and self.text(inner).startswith('!'):
            operand, = inner.get_children()
            operand = _strip(operand)
            if operand.kind == Kind.BINARY_OPERATOR and not self.leaf(operand) and self.operator(*operand.get_children())[1] in ('&&', '||'):
                return self.outcomes(operand, not value)
        if inner.kind == Kind.BINARY_OPERATOR and not self.leaf(inner):
            left, right = inner.get_children()
            op = self.operator(left, right)[1]
            if op in ('&&', '||'):  # the right one is looked at where the left one does not decide
                sides = (right,) if value == (op == '&&') else (left, right)
                return [outcome for side in sides for outcome in self.outcomes(side, value)]
        return [(*_span(c), 'true' if value else 'false') for c in {_span(cursor): cursor, _span(inner): inner}.values()]

    def operator(self, left, right):
        """What stands between two operands, where it is written here and not in a macro."""
        between = self.source[_span(left)[1]:_span(right)[0]]
        return _span(left)[1] + len(between) - len(between.lstrip()), between.strip()

    def leaf(self, cursor):
        return _span(cursor) in self.macros

    def comparison(self, cursor):
        """The operator, where it compares."""
        inner = _strip(cursor)
        if inner.kind != Kind.BINARY_OPERATOR or self.leaf(inner):
            return None
        op = self.operator(*inner.get_children())[1]
        return op if op in COMPARING else None

    def negate(self, cursor, statement):
        if self.comparison(cursor) not in ('==', '!='):  # their opposite comes by itself
            self.add(_span(cursor), f'!({self.text(cursor)})', statement)

    def binary(self, cursor, parent, statement):
        left, right = cursor.get_children()
        at, op = self.operator(left, right)
        if op == '<' and self.owned(left) and self.text(right) == '0':
            return
        if op in FLIP and not (op in ('==', '!=') and self.decides(cursor, parent)):
            self.add((at, at + len(op)), FLIP[op], statement)
        elif op in ('&&', '||'):
            for side in (left, right):
                inner = _strip(side)
                if inner.kind == Kind.BINARY_OPERATOR and side.kind != Kind.PAREN_EXPR and not self.leaf(inner) \
                        and self.operator(*inner.get_children())[1] == op:
                    continue  # a longer chain: each of its operands comes by itself
                self.add(_span(side), '1' if op == '&&' else '0', statement, self.outcomes(side, op == '||'))
        elif op == '|':
            for side in (left, right):
                if self.leaf(side) or _strip(side).kind == Kind.DECL_REF_EXPR:
                    if self.text(side) not in ('O_CLOEXEC', 'O_RDONLY'):  # the second is 0
                        self.add(_span(side), '0', statement)

    def owned(self, cursor):
        """A descriptor of this function's: never 0, which is filled when a program starts."""
        inner = _strip(cursor)
        return inner.kind == Kind.DECL_REF_EXPR and \
            re.search(rf'\bfd_auto int[^;]*\b{inner.spelling}\b', self.source) is not None

    def condition(self, cursor, children):
        if cursor.kind == Kind.FOR_STMT:
            start, end = _span(cursor)
            parts, depth = [], 0
            for i in range(start, end):
                depth += (self.source[i] == '(') - (self.source[i] == ')')
                if self.source[i] == ';' and depth == 1:
                    parts.append(i)
                if len(parts) == 2:
                    break
            inside = [c for c in children if parts[0] < _span(c)[0] < parts[1]]
            return inside[0] if inside else None
        return children[1] if cursor.kind == Kind.DO_STMT else children[0]

    def conditional(self, cursor, children, statement):
        cond = self.condition(cursor, children)
        if cond is None or _strip(cond).kind == Kind.INTEGER_LITERAL:
            return None
        if cursor.kind == Kind.IF_STMT:
            self.add(_span(cond), '0', cond, self.outcomes(cond, True))
            self.add(_span(cond), '1', cond, self.outcomes(cond, False))
        else:
            self.negate(cond, cond if cursor.kind in STATEMENTS else statement)
        return cond

    def decides(self, cursor, parent):
        """Whether a comparison is the condition of an if, or an operand of && and ||: "never" and "always" say more."""
        if parent.kind == Kind.IF_STMT:
            return True
        return parent.kind == Kind.BINARY_OPERATOR and not self.leaf(parent) and \
            self.operator(*parent.get_children())[1] in ('&&', '||')

    def constant(self, cursor, parent, statement):
        written = self.text(cursor)
        if not INTEGER.fullmatch(written):
            return
        if parent is not None and parent.kind == Kind.UNARY_OPERATOR and self.text(parent).startswith('-'):
            if written == '1':
                if not self.source[:_span(parent)[0]].rpartition(';')[2].lstrip().startswith('fd_auto'):
                    self.add(_span(parent), '0', statement)
                return
        zero = not written.strip('0xXuUlL')
        op = self.comparison(parent) if parent is not None else None
        if zero and op:
            return
        changes = {'+ 1', '- 1'}
        if zero:  # -1 is an error, and no index or size
            changes.remove('+ 1' if parent is not None and parent.kind in (Kind.RETURN_STMT, Kind.CONDITIONAL_OPERATOR) else '- 1')
        if op in COMPARING:
            changes -= SAME[op]
        if self.source[_span(cursor)[1]] == ']' and parent is not None and parent.kind == Kind.VAR_DECL:
            changes.discard('+ 1')  # a buffer that is larger
        for change in sorted(changes):
            self.add(_span(cursor), f'({written} {change})', statement)

    def drop(self, cursor, statement):
        if cursor.kind == Kind.CALL_EXPR:
            self.add(_span(cursor), '(void)0', statement)
        elif cursor.kind == Kind.BINARY_OPERATOR:
            left, right = cursor.get_children()
            if self.operator(left, right)[1] == '=' and _strip(right).kind == Kind.CALL_EXPR:
                self.add(_span(cursor), '(void)0', statement)

    def returned(self, cursor, children, statement):
        value = _strip(children[0])
        if self.result == cindex.TypeKind.BOOL:
            self.negate(children[0], statement)
        elif self.result == cindex.TypeKind.INT and value.kind != Kind.INTEGER_LITERAL:
            self.add(_span(children[0]), '0', statement)

    def walk(self, cursor, parent, statement):
        if self.leaf(cursor) or cursor.kind == Kind.CXX_UNARY_EXPR:  # sizeof: what it is asked of is not run
            return
        children = list(cursor.get_children())
        cond = None
        if cursor.kind in (Kind.IF_STMT, Kind.CONDITIONAL_OPERATOR, *LOOPS):
            cond = self.conditional(cursor, children, statement)
        elif cursor.kind == Kind.BINARY_OPERATOR:
            self.binary(cursor, parent, statement)
        elif cursor.kind == Kind.INTEGER_LITERAL:
            self.constant(cursor, parent, statement)
        elif cursor.kind == Kind.RETURN_STMT and children:
            self.returned(cursor, children, cursor)
        elif cursor.kind == Kind.VAR_DECL and children and _is_integer(cursor.type):
            value = _strip(children[-1])
            if value.kind == Kind.CALL_EXPR:
                self.add(_span(value), '0', cursor)
        for child in children:
            inside = child if cursor.kind in STATEMENTS or child is cond or cursor.kind == Kind.DECL_STMT else statement
            alone = cursor.kind == Kind.IF_STMT and len(children) == 2  # "if (0)" is the same
            if cursor.kind in STATEMENTS and child is not cond and not alone:
                self.drop(child, child)
            self.walk(child, parent if cursor.kind in WRAPPERS else cursor, inside)


def _squeeze(text):
    return re.sub(r'\s+', ' ', text)


def mutants(file, args):
    """In the order of the file; keys are unique."""
    f = _File(file, args)
    seen = collections.Counter()
    result = []
    for (start, end, new), (function, (first, last), shows) in sorted(f.found.items()):
        before, after = _squeeze(f.source[first:start]).lstrip(), _squeeze(f.source[end:last]).rstrip()
        old = _squeeze(f.source[start:end])
        key = f'{file}:{function}: {before[-CONTEXT:]}[{old} => {_squeeze(new)}]{after[:CONTEXT]}'.rstrip()
        seen[key] += 1
        if seen[key] > 1:
            key += f' #{seen[key]}'
        result.append(Mutant(file, function, f.source.count('\n', 0, start) + 1, start, end, new, key, shows))
    return result
