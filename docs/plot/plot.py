#!/usr/bin/env python3
"""Draws downtime by RAM size, on logarithmic axes, from a report of `pageflip compare`. Needs nothing but Python 3.

  plot.py extract REPORT.json DOWNTIME.csv COMMAND   keeps one row for each run, with the command and the host above them
  plot.py draw DOWNTIME.csv DOWNTIME.svg             draws the medians, and from the shortest to the longest of the runs
"""

import csv
import json
import math
import sys

MIB = 1 << 20

# (mechanism, schedule, column of the CSV): label, colour, dashes. The colours can be told apart by people who are colour-blind.
LINES = {
    ("stream", "stop-and-move", "downtime-ns"): ("stop-and-move (stream, copies)", "#000000", ""),
    ("stream", "precopy", "downtime-ns"): ("precopy (stream, limit 300 ms)", "#a05a00", ""),
    ("flip", "stop-and-move", "downtime-ns"): ("stop-and-move (flip)", "#d55e00", ""),
    ("flip", "postcopy", "blackout-ns"): ("postcopy (flip): blackout", "#0072b2", "5 4"),
    ("flip", "postcopy", "downtime-ns"): ("postcopy (flip)", "#0072b2", ""),
    ("flip", "handover", "downtime-ns"): ("handover (flip)", "#007a5a", ""),
}

WIDTH, HEIGHT = 900, 470
LEFT, RIGHT, TOP, BOTTOM = 74, 280, 56, 62
LABEL_GAP = 16

# Lines whose bars would hide each other stand this many pixels apart.
DODGE = 4


def extract(report_file, csv_file, command):
    with open(report_file, encoding="utf-8") as file:
        report = json.load(file)
    host = report["host"]
    kernel = host["kernel"].split("-")[0]
    with open(csv_file, "w", encoding="utf-8", newline="") as file:
        file.write(f"# {command}\n")
        file.write(f"# Linux {kernel}, {host['cpus']} CPUs, Java {host['java']}\n")
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["ram", "mechanism", "schedule", "run", "downtime-ns", "blackout-ns"])
        for cell in report["cells"]:
            options = cell["options"]
            for number, run in enumerate(cell["runs"], 1):
                if run["status"] == "completed":
                    rows.writerow([options["ram"], options["mechanism"], options["schedule"], number,
                                   run["downtime-ns"], run.get("blackout-ns", "")])


def median(values):
    return sorted(values)[(len(values) - 1) // 2]


def read(csv_file):
    """The two comment lines, and for each line of the plot its points: RAM in bytes -> downtimes in ns."""
    with open(csv_file, encoding="utf-8") as file:
        text = file.read().splitlines()
    comments = [line[2:] for line in text if line.startswith("#")]
    lines = {}
    for row in csv.DictReader(line for line in text if not line.startswith("#")):
        for (mechanism, schedule, column) in LINES:
            if row["mechanism"] == mechanism and row["schedule"] == schedule and row[column]:
                points = lines.setdefault((mechanism, schedule, column), {})
                points.setdefault(int(row["ram"]), []).append(int(row[column]))
    return comments, lines


def size(ram):
    return f"{ram // (MIB * 1024)} GiB" if ram % (MIB * 1024) == 0 else f"{ram // MIB} MiB"


def duration(ns):
    for unit, name in ((1e9, "s"), (1e6, "ms"), (1e3, "us")):
        if ns >= unit:
            return f"{ns / unit:.3g} {name}"
    return f"{ns} ns"


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def draw(csv_file, svg_file):
    comments, lines = read(csv_file)
    rams = sorted({ram for points in lines.values() for ram in points})
    all_ns = [ns for points in lines.values() for runs in points.values() for ns in runs]
    low = math.floor(math.log10(min(all_ns)))
    high = math.ceil(math.log10(max(all_ns)))
    first, last = math.log2(rams[0]) - 0.25, math.log2(rams[-1]) + 0.25

    def x(ram):
        return LEFT + (math.log2(ram) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(ns):
        return HEIGHT - BOTTOM - (math.log10(ns) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    runs = sorted({len(values) for points in lines.values() for values in points.values()})
    count = str(runs[0]) if len(runs) == 1 else f"{runs[0]} to {runs[-1]}"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="12">',
        f"<title>Downtime by RAM size. {escape(' '.join(comments))}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="16" font-weight="bold" fill="#222222">Downtime by RAM size</text>',
        f'<text x="{LEFT}" y="42" fill="#555555">median of {count} runs; bars from the shortest to the longest; '
        f"{escape(comments[1])}</text>",
    ]
    for power in range(low, high + 1):
        at = y(10 ** power)
        out.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}" stroke="#dddddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end" fill="#222222">{duration(10 ** power)}</text>')
    for ram in rams:
        out.append(f'<line x1="{x(ram):.1f}" y1="{TOP}" x2="{x(ram):.1f}" y2="{HEIGHT - BOTTOM}" stroke="#eeeeee"/>')
        out.append(f'<text x="{x(ram):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#222222">{size(ram)}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 20}" text-anchor="middle" fill="#222222">'
               "guest RAM (logarithmic, as is the time)</text>")

    labels = []
    for key, (label, colour, dashes) in LINES.items():
        points = lines.get(key)
        if not points:
            continue
        style = f' stroke-dasharray="{dashes}"' if dashes else ""
        aside = (list(LINES).index(key) - len(LINES) / 2) * DODGE
        path = " ".join(f"{x(ram) + aside:.1f},{y(median(points[ram])):.1f}" for ram in sorted(points))
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{style}/>')
        for ram in sorted(points):
            at = x(ram) + aside
            if not dashes:
                out.append(f'<line x1="{at:.1f}" y1="{y(min(points[ram])):.1f}" x2="{at:.1f}" y2="{y(max(points[ram])):.1f}" '
                           f'stroke="{colour}" stroke-width="1.5" stroke-opacity="0.5"/>')
            out.append(f'<circle cx="{at:.1f}" cy="{y(median(points[ram])):.1f}" r="3.5" fill="{colour}">'
                       f"<title>{escape(label)}, {size(ram)}: {duration(median(points[ram]))}</title></circle>")
        end = max(points)
        labels.append([y(median(points[end])) + 4, label, duration(median(points[end])), colour])
    labels.sort()
    for i in range(1, len(labels)):
        labels[i][0] = max(labels[i][0], labels[i - 1][0] + LABEL_GAP)
    for at, label, value, colour in labels:
        out.append(f'<text x="{WIDTH - RIGHT + 6}" y="{at:.1f}" fill="{colour}">{escape(label)}, {value}</text>')
    out.append("</svg>")
    with open(svg_file, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "extract":
        extract(*sys.argv[2:])
    elif len(sys.argv) == 4 and sys.argv[1] == "draw":
        draw(*sys.argv[2:])
    else:
        sys.exit(__doc__)
