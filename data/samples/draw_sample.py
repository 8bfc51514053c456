#!/usr/bin/env python3
"""Draws valley.png, the sample picture: an invented landscape with what codecs find easy and hard.

Smooth shading (sky, water), fractal texture (rock, clouds, meadow), thin lines (mast, wires) and lettering (a sign).
Everything is computed from a fixed seed; no photograph or font went into it. Needs numpy.
Usage: draw_sample.py [OUT.png]
"""
import struct
import sys
import zlib

import numpy as np

WIDTH, HEIGHT, SCALE = 768, 512, 2  # drawn at twice the size, then averaged 2x2, so edges are soft
W, H = WIDTH * SCALE, HEIGHT * SCALE
rng = np.random.default_rng(20240607)


def value_noise(cell_x, cell_y):
    """Smooth random field, 0..1, float32 [H, W]; cells in pixels of the large picture."""
    grid = rng.random((H // cell_y + 3, W // cell_x + 3), dtype=np.float32)
    ys, xs = np.arange(H, dtype=np.float32) / cell_y, np.arange(W, dtype=np.float32) / cell_x
    y0, x0 = ys.astype(int), xs.astype(int)
    fy, fx = (ys - y0)[:, None], (xs - x0)[None, :]
    fy, fx = fy * fy * (3 - 2 * fy), fx * fx * (3 - 2 * fx)
    a, b = grid[y0][:, x0], grid[y0][:, x0 + 1]
    c, d = grid[y0 + 1][:, x0], grid[y0 + 1][:, x0 + 1]
    return (a * (1 - fx) + b * fx) * (1 - fy) + (c * (1 - fx) + d * fx) * fy


def fractal(cell_x, cell_y, octaves, gain=0.5):
    """Sum of octaves of value noise, about -1..1."""
    total, amplitude, field = 0.0, 1.0, np.zeros((H, W), np.float32)
    for _ in range(octaves):
        field += amplitude * (value_noise(max(cell_x, 2), max(cell_y, 2)) * 2 - 1)
        total += amplitude
        amplitude, cell_x, cell_y = amplitude * gain, cell_x // 2, cell_y // 2
    return field / total


def ridge_line(base, height, cell, octaves, gain=0.5):
    """Skyline of a mountain chain: y of each column, float32 [W]."""
    line, amplitude = np.full(W, base, np.float32), height
    xs = np.arange(W, dtype=np.float32)
    for _ in range(octaves):
        knots = rng.random(W // cell + 3, dtype=np.float32)
        i = (xs / cell).astype(int)
        f = xs / cell - i
        line -= amplitude * (knots[i] * (1 - f) + knots[i + 1] * f)
        amplitude, cell = amplitude * gain, max(cell // 2, 2)
    return line


def colour(*rgb):
    return np.array(rgb, np.float32) / 255


def mix(picture, other, weight):
    """Paints `other` (a colour or [H, W, 3]) over `picture` where weight is 1."""
    weight = np.clip(weight, 0, 1)[..., None]
    picture *= 1 - weight
    picture += other * weight


def draw_sky(picture, yy, xx):
    t = np.clip(yy / (0.55 * H), 0, 1)[..., None]
    picture[:] = colour(58, 104, 172) * (1 - t) + colour(238, 205, 168) * t
    distance = np.hypot(xx - 0.70 * W, (yy - 0.24 * H))
    picture += np.exp(-distance / (0.16 * W))[..., None] * colour(90, 70, 30)
    mix(picture, colour(255, 246, 222), (0.036 * W - distance) / 3)
    clouds = fractal(400, 110, 6, 0.5) + 0.08 - 0.9 * np.abs(yy / H - 0.17)
    mix(picture, colour(250, 240, 232), np.clip(clouds * 2.4, 0, 0.85))


def draw_mountains(picture, yy, xx):
    layers = [  # skyline, relief, light and dark side, haze
        (0.52, 0.30, 330, colour(150, 156, 176), colour(104, 116, 146), 0.40),
        (0.58, 0.21, 250, colour(128, 126, 118), colour(70, 80, 92), 0.16),
        (0.62, 0.11, 180, colour(86, 98, 62), colour(40, 58, 44), 0.04),
    ]
    for base, relief, cell, light, dark, haze in layers:
        line = ridge_line(base * H, relief * H, cell, 8, 0.48)
        rock = fractal(cell // 2, cell // 3, 6, 0.6)
        slope = rock[:-3, :-3] - rock[3:, 3:]
        slope = np.pad(slope, ((0, 3), (0, 3)), mode="edge")
        shade = np.clip(0.5 + 5.5 * slope + 0.25 * rock, 0, 1)[..., None]
        body = dark * (1 - shade) + light * shade
        if base < 0.55:  # snow above a wavy line
            snow = np.clip((0.30 * H + 120 * rock - yy) / 22, 0, 1)[..., None]
            body = body * (1 - snow) + (0.70 + 0.28 * shade) * colour(248, 250, 255) * snow
        body = body * (1 - haze) + colour(214, 206, 204) * haze
        mix(picture, body, (yy - line[None, :]) / 2)


def draw_lake(picture, yy):
    shore = int(0.62 * H)
    rows = np.arange(shore, H)
    mirrored = np.clip(2 * shore - rows - ((rows - shore) * 0.12).astype(int), 0, shore - 1)
    ripple = fractal(60, 6, 3)[shore:]
    shift = (ripple * (2 + (rows - shore)[:, None] * 0.10)).astype(int)
    columns = np.clip(np.arange(W)[None, :] + shift, 0, W - 1)
    water = picture[mirrored[:, None], columns] * 0.72 + colour(30, 54, 70) * 0.28
    picture[shore:] = water + 0.035 * ripple[..., None]
    mix(picture, colour(196, 200, 196), np.where(np.abs(yy - shore) < 2, 0.6, 0))


def draw_meadow(picture, yy, xx):
    line = ridge_line(0.80 * H, 0.045 * H, 260, 7)
    line += 0.06 * H * np.cos(np.arange(W) / W * 5.2)
    depth = np.clip((yy - line[None, :]) / (H - line.min()), 0, 1)
    blades = fractal(12, 48, 3, 0.6)
    patches = fractal(220, 70, 5)
    shade = np.clip(0.45 + 0.40 * blades + 0.35 * patches, 0, 1)[..., None]
    body = colour(44, 66, 26) * (1 - shade) + colour(150, 160, 70) * shade
    mix(picture, body * (0.80 + 0.25 * depth[..., None]), (yy - line[None, :]) / 2)
    for _ in range(420):  # flowers, larger in front
        x, y = rng.integers(0, W), int(H - rng.random() ** 1.5 * 0.2 * H)
        if not 4 < y < H - 4 or y < line[x] + 6:
            continue
        radius = 1.2 + 5.0 * max(0.0, (y - 0.78 * H) / H) * 4 * rng.random()
        tint = [colour(244, 238, 240), colour(236, 196, 60), colour(206, 74, 88), colour(140, 110, 190)][rng.integers(4)]
        box = np.s_[max(0, y - 8):y + 9, max(0, x - 8):x + 9]
        patch = picture[box]
        mix(patch, tint, radius - np.hypot(xx[box] - x, yy[box] - y) + 0.5)


def stroke(picture, yy, xx, x0, y0, x1, y1, width, tint):
    """A straight line with soft ends; coordinates in pixels of the finished picture."""
    x0, y0, x1, y1, width = (v * SCALE for v in (x0, y0, x1, y1, width))
    box = np.s_[max(0, int(min(y0, y1) - width - 2)):int(max(y0, y1) + width + 3),
                max(0, int(min(x0, x1) - width - 2)):int(max(x0, x1) + width + 3)]
    px, py = xx[box] - x0, yy[box] - y0
    dx, dy = x1 - x0, y1 - y0
    t = np.clip((px * dx + py * dy) / max(dx * dx + dy * dy, 1e-6), 0, 1)
    patch = picture[box]
    mix(patch, tint, width / 2 - np.hypot(px - t * dx, py - t * dy) + 0.5)


# Strokes on a grid 4 wide and 6 high, y downwards.
GLYPHS = {
    "L": [(0, 0, 0, 6), (0, 6, 4, 6)], "A": [(0, 6, 2, 0), (2, 0, 4, 6), (0.8, 4, 3.2, 4)],
    "C": [(4, 0.6, 3, 0), (3, 0, 1, 0), (1, 0, 0, 1.4), (0, 1.4, 0, 4.6), (0, 4.6, 1, 6), (1, 6, 3, 6), (3, 6, 4, 5.4)],
    "O": [(1, 0, 3, 0), (3, 0, 4, 1.4), (4, 1.4, 4, 4.6), (4, 4.6, 3, 6), (3, 6, 1, 6), (1, 6, 0, 4.6), (0, 4.6, 0, 1.4),
          (0, 1.4, 1, 0)],
    "N": [(0, 6, 0, 0), (0, 0, 4, 6), (4, 6, 4, 0)], "I": [(2, 0, 2, 6)],
    "1": [(0.6, 1.4, 2, 0), (2, 0, 2, 6)], "2": [(0, 1.2, 1, 0), (1, 0, 3, 0), (3, 0, 4, 1.4), (4, 1.4, 0, 6), (0, 6, 4, 6)],
    "K": [(0, 0, 0, 6), (4, 0, 0, 3.6), (1.2, 2.6, 4, 6)],
    "M": [(0, 6, 0, 0), (0, 0, 2, 3), (2, 3, 4, 0), (4, 0, 4, 6)],
    " ": [],
}


def write_text(picture, yy, xx, text, x, y, size, width, tint):
    for letter in text:
        for x0, y0, x1, y1 in GLYPHS[letter]:
            stroke(picture, yy, xx, x + x0 * size, y + y0 * size, x + x1 * size, y + y1 * size, width, tint)
        x += 5.6 * size


def draw_sign_and_wires(picture, yy, xx):
    dark = colour(36, 30, 28)
    for x, top in ((96, 150), (420, 262)):  # masts with a cross-arm
        stroke(picture, yy, xx, x, top, x, 318 if x > 200 else 410, 3.4 if x < 200 else 1.8, dark)
        arm = 26 if x < 200 else 12
        stroke(picture, yy, xx, x - arm, top + 10, x + arm, top + 10, 2.4 if x < 200 else 1.2, dark)
    for offset_near, offset_far in ((-24, -11), (24, 11)):
        x0, y0, x1, y1 = 96 + offset_near, 158, 420 + offset_far, 271
        xs = np.linspace(0, 1, 25)
        ys = y0 + (y1 - y0) * xs + 44 * xs * (1 - xs) * 2
        for a, b, c, d in zip(xs[:-1], ys[:-1], xs[1:], ys[1:]):
            stroke(picture, yy, xx, x0 + (x1 - x0) * a, b, x0 + (x1 - x0) * c, d, 0.9, dark)
        stroke(picture, yy, xx, 0, y0 - 18, x0, y0, 1.0, dark)

    for x in (560, 700):
        stroke(picture, yy, xx, x, 372, x, 478, 7, colour(84, 60, 40))
    grain = fractal(260, 6, 4, 0.6)
    left, top, right, bottom = (v * SCALE for v in (532, 372, 728, 436))
    board = np.s_[top:bottom, left:right]
    wood = colour(176, 134, 88) * (0.92 + 0.22 * grain[board][..., None])
    wood[[0, 1, 2, -3, -2, -1]] *= 0.6
    wood[:, [0, 1, 2, -3, -2, -1]] *= 0.6
    picture[board] = wood
    write_text(picture, yy, xx, "LACONIC", 546, 382, 4.5, 3.6, colour(44, 28, 20))
    write_text(picture, yy, xx, "12 KM", 604, 418, 2.0, 1.5, colour(60, 34, 22))


def write_png(path, rgb):
    """rgb: uint8 [H, W, 3]; each row takes the filter with the least absolute sum, as libpng does."""
    def paeth(a, b, c):
        p = a + b - c
        pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
        return np.where((pa <= pb) & (pa <= pc), a, np.where(pb <= pc, b, c))

    height, width, _ = rgb.shape
    rows = rgb.reshape(height, width * 3).astype(np.int16)
    above, scanlines = np.zeros(width * 3, np.int16), []
    for row in rows:
        left, corner = np.concatenate([np.zeros(3, np.int16), row[:-3]]), np.concatenate([np.zeros(3, np.int16), above[:-3]])
        filtered = [row, row - left, row - above, row - (left + above) // 2, row - paeth(left, above, corner)]
        filtered = [f.astype(np.uint8) for f in filtered]
        best = min(range(5), key=lambda i: np.abs(filtered[i].astype(np.int8).astype(int)).sum())
        scanlines.append(bytes([best]) + filtered[best].tobytes())
        above = row

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    with open(path, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                  chunk(b"IDAT", zlib.compress(b"".join(scanlines), 9)) + chunk(b"IEND", b""))


def main():
    yy, xx = np.mgrid[0:H, 0:W].astype(np.float32)
    picture = np.zeros((H, W, 3), np.float32)
    draw_sky(picture, yy, xx)
    draw_mountains(picture, yy, xx)
    draw_lake(picture, yy)
    draw_meadow(picture, yy, xx)
    draw_sign_and_wires(picture, yy, xx)
    small = np.clip(picture, 0, 1).reshape(HEIGHT, SCALE, WIDTH, SCALE, 3).mean((1, 3))
    write_png(sys.argv[1] if len(sys.argv) > 1 else "valley.png", (small * 255 + 0.5).astype(np.uint8))


if __name__ == "__main__":
    main()
