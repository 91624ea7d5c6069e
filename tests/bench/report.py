"""What was measured, as Markdown, as JSON, and as a plot by gnuplot."""
import json
import os
import re
import shutil
import subprocess
import sys


class Table:
    """columns: [(header, key)]; rows: dictionaries, which may hold more than is shown."""

    def __init__(self, section, title, columns, rows):
        self.section, self.title, self.columns, self.rows = section, title, list(columns), rows

    def markdown(self):
        lines = [f'**{self.title}**', '', '| ' + ' | '.join(header for header, _ in self.columns) + ' |',
                 '|' + '|'.join('---' if key in ('name', 'note') else '---:' for _, key in self.columns) + '|']
        for row in self.rows:
            lines.append('| ' + ' | '.join(shown(row, key) for _, key in self.columns) + ' |')
        return '\n'.join(lines)

    def data(self):
        return {'section': self.section, 'title': self.title, 'rows': self.rows}


def shown(row, key):
    if key == 'quartiles':
        return f'{number(row["q1"])} to {number(row["q3"])}'
    value = row.get(key, '')
    return number(value) if isinstance(value, float) else str(value)


def number(value):
    size = abs(value)
    return f'{value:.0f}' if size >= 100 else f'{value:.1f}' if size >= 10 else f'{value:.2f}'


def markdown(machine, tables, left_out):
    parts = [machine_text(machine)] + [table.markdown() for table in tables]
    if left_out:
        parts.append('Left out: ' + '; '.join(f'{name} ({reason})' for name, reason in sorted(left_out.items())) + '.')
    return '\n\n'.join(parts) + '\n'


def machine_text(machine):
    return ' '.join(f'{name}: {value}.' for name, value in machine.items())


BEGIN, END = re.compile(r'<!-- bench: (\w+) -->\n'), '<!-- /bench -->'


def fill(text, blocks):
    """Replaces what stands between the marks of a block that was measured."""
    parts, at = [], 0
    for begin in BEGIN.finditer(text):
        end = text.index(END, begin.end())
        parts.append(text[at:begin.end()])
        parts.append(blocks.get(begin[1]) or text[begin.end():end])
        at = end
    return ''.join(parts) + text[at:]


def blocks_of(machine, tables, left_out):
    """{section: Markdown}, for the marks in README.md and docs/: each section, and the machine."""
    blocks = {'machine': markdown(machine, [], left_out)}
    for section in {table.section for table in tables}:
        blocks[section] = '\n\n'.join(t.markdown() for t in tables if t.section == section) + '\n'
    return blocks


def plot_data(name, rows, *keys):
    """A data block of gnuplot."""
    lines = [' '.join(f'"{row[key]}"' if isinstance(row.get(key), str) else str(row.get(key, 'NaN')) for key in keys) for row in rows]
    return f'${name} << EOD\n' + '\n'.join(lines) + '\nEOD\n'


START_PLOT = '''set title "{title}"
set style fill solid 0.8 noborder
set boxwidth 0.7
set logscale x
set xrange [0.5:{most}]
set yrange [{last}:-0.7]
set xlabel "times the floor, logarithmic"
set grid xtics
plot ${name} using (0.5*($2+0.5)):0:(0.5*($2-0.5)):(0.35):ytic(1) with boxxyerror linecolor rgb "#3b6ea5" notitle, \\
     ${name} using 2:0:(sprintf(" %.2f", $2)) with labels left notitle
unset logscale
unset ytics
set ytics
'''

GROWTH_PLOT = '''set title "{title}: start to exit, ms"
set logscale xy
set xrange [*:*]
set yrange [*:*]
set xlabel "{kind}"
set key top left
plot {lines}
unset logscale
'''


def plot_script(tables, svg):
    """Bars of the starts, and a curve for what grows most."""
    starts = [t for t in tables if t.section == 'start']
    volumes = [t for t in tables if t.section == 'growth' and t.title == 'Volumes']
    count = len(starts) + len(volumes)
    if not count:
        return None
    text = [f"set terminal svg size 800,{330 * count} font 'sans,13' background rgb 'white'\nset output '{svg}'\n"
            f'set multiplot layout {count},1\nset lmargin 16\nset rmargin 6\n']
    for i, table in enumerate(starts):
        text.append(plot_data(f'start{i}', table.rows, 'name', 'ratio'))
        text.append(START_PLOT.format(title=table.title, name=f'start{i}', last=len(table.rows) - 0.3,
                                      most=3 * max(row['ratio'] for row in table.rows)))
    for table in volumes:
        names = [key for header, key in table.columns if header.endswith(', ms')]
        text.append(plot_data('volumes', table.rows, 'size', *names))
        lines = ', '.join(f'$volumes using 1:{i + 2} with linespoints linewidth 2 title "{name}"' for i, name in enumerate(names))
        text.append(GROWTH_PLOT.format(title=table.title, kind=table.columns[0][0], lines=lines))
    return ''.join(text) + 'unset multiplot\n'


def write(folder, machine, tables, left_out, documents=()):
    """bench.md, bench.json and bench.svg in the folder; the marked blocks of the documents."""
    os.makedirs(folder, exist_ok=True)
    with open(folder + '/bench.json', 'w', encoding='utf-8') as f:
        json.dump({'machine': machine, 'left_out': left_out, 'tables': [t.data() for t in tables]}, f, indent=1)
        f.write('\n')
    with open(folder + '/bench.md', 'w', encoding='utf-8') as f:
        f.write(markdown(machine, tables, left_out))
    script = plot_script(tables, folder + '/bench.svg')
    if script and shutil.which('gnuplot'):
        subprocess.run(['gnuplot'], input=script, text=True, check=True)
    elif script:
        print('no plot: gnuplot is not installed', file=sys.stderr)
    for path in documents:
        with open(path, encoding='utf-8') as f:
            text = f.read()
        new = fill(text, blocks_of(machine, tables, left_out))
        if new != text:
            with open(path, 'w', encoding='utf-8') as f:
                f.write(new)
