"""Pictures of every mode, orientation and kind of damage."""

import io
import os
import socket
import struct
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin

from etude.data.images import (
    Levels,
    PictureError,
    fit,
    flat,
    gather,
    header,
    open_image,
    orientation,
    see,
)
from etude.locale.texts import render

RANDOM = np.random.Generator(np.random.Philox(3))
COLOUR = RANDOM.integers(0, 256, (20, 30, 3)).astype(np.uint8)
GREY = COLOUR[..., 0].copy()


def saved(path, picture, **more):
    picture.save(path, **more)
    return path


def as_bytes(picture, form="PNG", **more):
    buffer = io.BytesIO()
    picture.save(buffer, form, **more)
    return buffer.getvalue()


def reason(path):
    with pytest.raises(PictureError) as caught:
        open_image(path)
    return str(caught.value)


def test_a_korean_reason_is_korean(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"")
    with pytest.raises(PictureError) as caught:
        open_image(path)
    assert render("ko", caught.value.what) == "비어 있습니다(0바이트)"


# --- modes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
@pytest.mark.parametrize("wanted", ["L", "RGB"])
def test_every_mode_becomes_bytes_of_the_right_shape(mode, wanted):
    picture = Image.fromarray(COLOUR).convert(mode)
    pixels = fit(picture, (20, 30), wanted)
    assert pixels.dtype == np.uint8 and pixels.shape == (1 if wanted == "L" else 3, 20, 30)
    expected = picture.convert("RGB").convert(wanted)
    expected = np.asarray(expected).reshape(20, 30, -1).transpose(2, 0, 1)
    assert np.abs(pixels.astype(int) - expected).max() <= 1


def test_transparency_lies_on_white():
    see_through = Image.fromarray(np.dstack([COLOUR, np.zeros((20, 30), np.uint8)]))
    assert (fit(see_through, (20, 30), "RGB") == 255).all()
    half = Image.new("LA", (4, 4), (0, 128))
    np.testing.assert_allclose(fit(half, (4, 4), "L"), 127, atol=1)
    for clear, expected in ((1, [255, 255, 255]), (0, [40, 50, 60])):
        palette = Image.new("P", (4, 4), 1)
        palette.putpalette([10, 20, 30, 40, 50, 60])
        palette.info["transparency"] = clear
        assert fit(palette, (4, 4), "RGB")[:, 0, 0].tolist() == expected
    colour_key = Image.new("RGB", (4, 4), (1, 2, 3))
    colour_key.info["transparency"] = (1, 2, 3)
    assert (fit(colour_key, (4, 4), "RGB") == 255).all()


def test_sixteen_bits_by_range():
    values = np.array([[0, 257], [257 * 200, 65535]], np.uint16)
    pixels = fit(Image.fromarray(values), (2, 2), "L")
    assert pixels[0].tolist() == [[0, 1], [200, 255]]
    again = Image.open(io.BytesIO(as_bytes(Image.fromarray(values))))
    assert fit(again, (2, 2), "RGB")[2].tolist() == [[0, 1], [200, 255]]
    wide = Image.fromarray(values.astype(np.int32))
    levels = Levels(whole=(0, 65535))
    assert wide.mode == "I" and fit(wide, (2, 2), "L", levels)[0].tolist() == [[0, 1], [200, 255]]
    twelve = Image.fromarray(np.array([[0, 4095], [1024, 5000]], np.uint16))
    pixels = fit(twelve, (2, 2), "L", Levels(whole=(0, 4095)))
    assert pixels[0].tolist() == [[0, 255], [64, 255]]


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_what_one_picture_holds_never_decides_how_it_is_read(dtype):
    """Frames of one series: a dark one stays dark, whatever its largest value is."""
    for largest in (1, 16, 200, 255):
        frame = Image.fromarray(np.array([[0, largest]], dtype))
        assert fit(frame, (1, 2), "L")[0].tolist() == [[0, largest]]
        unit = Image.fromarray(np.array([[0, largest / 255]], np.float32))
        assert fit(unit, (1, 2), "L", Levels(real=(0, 1)))[0].tolist() == [[0, largest]]


def test_values_that_are_no_numbers():
    for odd in (np.nan, np.inf):
        with pytest.raises(PictureError, match="1 pixel that is NaN or infinite"):
            fit(Image.fromarray(np.array([[odd, 1]], np.float32)), (1, 2), "L")


def tiff(values, photometric):
    """The bytes of an uncompressed grey TIFF, as the values lie in memory."""
    (height, width), content = values.shape, values.tobytes()
    form = {"u": 1, "f": 3}[values.dtype.kind]
    entries = [(256, 4, width), (257, 4, height), (258, 3, 8 * values.itemsize), (259, 3, 1)]
    entries += [(262, 3, photometric), (273, 4, 8), (277, 3, 1), (278, 4, height)]
    entries += [(279, 4, len(content)), (339, 3, form)]
    packed = [struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries]
    start = struct.pack("<2sHI", b"II", 42, 8 + len(content))
    return start + content + struct.pack("<H", len(entries)) + b"".join(packed) + bytes(4)


@pytest.mark.parametrize(("dtype", "factor"), [("<u1", 1), ("<u2", 257), ("<f4", 1)])
def test_a_tiff_whose_white_is_zero(tmp_path, dtype, factor):
    """8 bits are inverted by Pillow, more by us: one picture is the same in every depth."""
    values = np.arange(256).reshape(16, 16)
    for photometric, expected in ((0, 255 - values), (1, values)):
        path = tmp_path / f"{photometric}.tif"
        path.write_bytes(tiff((values * factor).astype(dtype), photometric))
        with open_image(path) as picture:
            np.testing.assert_array_equal(fit(picture, (16, 16), "L")[0], expected)


# --- orientation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_all_eight_orientations_stand_upright(tmp_path, turn, form):
    # A bright corner block at the top left of the upright picture.
    upright = np.zeros((16, 24), np.uint8)
    upright[:8, :8] = 255
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[turn]  # PIL's Transpose numbers
    stored = Image.fromarray(upright)
    if undo is not None:
        stored = stored.transpose(Image.Transpose(undo))
    exif = Image.Exif()
    exif[0x0112] = turn
    path = saved(tmp_path / "a", stored.convert("RGB"), format=form, exif=exif)
    assert header(path).size == (16, 24)
    with open_image(path) as picture:
        assert orientation(picture) == turn or form == "TIFF"  # turned by decoding
        pixels = fit(picture, (16, 24), "L")[0].astype(int)
    assert np.abs(pixels - upright).max() < 60
    assert see(path, (8, 8), "L")[1].turned == (turn != 1)


def test_damaged_exif_leaves_the_picture_as_stored(tmp_path):
    path = saved(tmp_path / "a.jpg", Image.fromarray(COLOUR), exif=b"Exif\0\0garbage")
    with open_image(path) as picture:
        assert orientation(picture) == 1 and fit(picture, (20, 30), "RGB").shape == (3, 20, 30)


# --- size ----------------------------------------------------------------------------------------


@settings(derandomize=True, deadline=None, max_examples=40)
@given(*(st.integers(1, 40) for _ in range(4)))
def test_fit_agrees_with_pillows_own(width, height, w, h):
    picture = Image.fromarray(RANDOM.integers(0, 256, (height, width, 3)).astype(np.uint8))
    pixels = fit(picture, (h, w), "RGB")
    expected = ImageOps.fit(picture, (w, h), Image.Resampling.BILINEAR)
    assert np.abs(pixels - np.asarray(expected).transpose(2, 0, 1).astype(int)).max() <= 1


def test_the_middle_is_kept_and_small_pictures_grow(tmp_path):
    wide = np.zeros((10, 30), np.uint8)
    wide[:, 10:20] = 200
    assert (fit(Image.fromarray(wide), (10, 10), "L") == 200).all()
    assert (fit(Image.new("L", (1, 1), 7), (9, 5), "L") == 7).all()
    long = saved(tmp_path / "long.png", Image.new("L", (1, 20_000), 9))
    with open_image(long) as picture:
        assert (fit(picture, (8, 8), "L") == 9).all()


def test_shrinking_averages():
    """Without antialiasing a chessboard would become all black or all white."""
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    assert np.abs(fit(Image.fromarray(board), (8, 8), "L").astype(int) - 127).max() < 8


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_files_are_refused(tmp_path, form, share):
    content = as_bytes(Image.fromarray(COLOUR), form)
    path = tmp_path / "cut"
    path.write_bytes(content)
    open_image(path).close()
    path.write_bytes(content[: int(len(content) * share)])
    assert reason(path).startswith(("is damaged", "is not a picture"))


def test_png_checksums_are_checked(tmp_path):
    content = bytearray(as_bytes(Image.fromarray(COLOUR)))
    begin = content.index(b"IDAT")
    length = int.from_bytes(content[begin - 4 : begin])
    content[begin + 4 + length] ^= 1  # the checksum itself: the pixels would be right
    path = tmp_path / "a.png"
    path.write_bytes(content)
    assert reason(path).startswith("is damaged")


def test_empty_and_text(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"")
    assert reason(path) == "is empty (0 bytes)"
    path.write_text("hello, I am text")
    assert "is not a picture" in reason(path)
    assert "No such file" in reason(tmp_path / "none.png")
    assert reason(tmp_path) == "is a folder, not a file"


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize(("width", "height"), [(5001, 5000), (20_000, 20_000), (10_000, 10_000)])
def test_a_bomb_is_refused_by_its_header(tmp_path, width, height):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(1000)))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + data + chunk(b"IEND", b""))
    began = time.perf_counter()
    (_, found), (_, again) = [*gather([path], open_image), *gather([path], header)]
    assert time.perf_counter() - began < 1
    assert "more than 25,000,000 pixels" in str(found) and str(found) == str(again)


def test_a_text_chunk_that_unpacks_without_end(tmp_path):
    info = PngImagePlugin.PngInfo()
    info.add_itxt("a", "x" * (80 << 20), zip=True)
    path = saved(tmp_path / "a.png", Image.fromarray(GREY), pnginfo=info)
    assert reason(path).startswith("is damaged")


def test_pipes_sockets_and_devices_never_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert reason(tmp_path / "pipe.png") == "is a pipe, not a file"
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(tmp_path)  # the path of a socket must be short
        try:
            server.bind("s.png")
        finally:
            os.chdir(here)
        assert reason(tmp_path / "s.png") == "is a socket, not a file"
    os.symlink("/dev/zero", tmp_path / "zero.png")
    assert reason(tmp_path / "zero.png") == "is a device, not a file"


def test_an_unreadable_file_is_told(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", Image.fromarray(GREY))

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("etude.data.images.os.open", refuse)
    assert reason(path) == "cannot be read (Permission denied)"


def test_other_formats_are_not_opened(tmp_path):
    """PostScript would start another program."""
    path = tmp_path / "a.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    assert "is not a picture" in reason(path)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.data())
def test_damaged_bytes_give_a_picture_or_a_reason(tmp_path_factory, data):
    form = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]))
    content = bytearray(as_bytes(Image.fromarray(COLOUR), form))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "a"
    path.write_bytes(content)
    ((_, found),) = gather([path], lambda p: see(p, (8, 8), "RGB"))
    assert isinstance(found, PictureError) or found[0].shape == (3, 8, 8)
    ((_, found),) = gather([path], header)
    assert isinstance(found, PictureError) or len(found) == 2


# --- many ----------------------------------------------------------------------------------------


def test_gather_keeps_the_order_and_goes_on_after_bad_ones(tmp_path):
    paths = []
    for i in range(600):
        path = tmp_path / f"{i}.png"
        if i % 100 == 7:
            path.write_text("bad")
        else:
            saved(path, Image.new("L", (4, 4), i % 256))
        paths.append(path)
    found = list(gather(paths, lambda p: fit(open_image(p), (4, 4), "L")))
    assert [i for i, _ in found] == list(range(600))
    for i, result in found:
        if i % 100 == 7:
            assert isinstance(result, PictureError)
        else:
            assert (result == i % 256).all()


def test_see_tells_what_was_found(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    a = saved(tmp_path / "a.png", Image.fromarray(COLOUR), exif=exif)
    b = saved(tmp_path / "b.gif", frames[0], save_all=True, append_images=frames[1:])
    c = saved(tmp_path / "c.png", Image.fromarray(COLOUR).convert("RGBA"))
    d = saved(tmp_path / "d.png", Image.fromarray(COLOUR))
    pixels, colour = see(a, (8, 8), "RGB")
    assert pixels.shape == (3, 8, 8)
    assert (colour.mode, colour.grey, colour.turned, colour.moving) == ("RGB", False, True, False)
    _, moving = see(b, (8, 8), "RGB")
    assert moving.grey and moving.moving and not moving.turned
    np.testing.assert_array_equal(see(b, (20, 30), "L")[0][0], GREY)  # the first frame
    _, clear = see(c, (8, 8), "RGB")
    assert clear.transparent and not colour.transparent
    # The same pixels by another way have the same digest; turned ones have not.
    assert see(d, (8, 8), "RGB")[1].digest == clear.digest != colour.digest


def test_flat_does_not_change_what_it_is_given():
    exif_picture = Image.fromarray(COLOUR)
    exif_picture.getexif()[0x0112] = 6
    assert flat(exif_picture, "RGB").size == (20, 30) and exif_picture.size == (30, 20)
