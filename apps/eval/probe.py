"""What ffprobe tells of media files."""
import hashlib
import json
import subprocess

from image_codecs import CodecError, last_line


def _ffprobe(path, stream, kind, *options):
    command = ["ffprobe", "-v", "error", "-select_streams", stream, *options, str(path)]
    try:
        return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    except OSError as error:
        raise CodecError(f"Clips cannot be read: ffprobe: {error.strerror}; apps/install-deps.sh --eval installs it.") from error
    except subprocess.CalledProcessError as error:
        raise CodecError(f"{path} cannot be read as a {kind}: {last_line(error.stderr)}") from error


def stream_properties(path, stream, kind, *keys):
    """{key: text or number} of one stream of a file: stream "v:0" is its first video, "a:0" its first sound; empty without one.
    kind: "film" or "sound". Raises CodecError."""
    streams = json.loads(_ffprobe(path, stream, kind, "-show_entries", f"stream={','.join(keys)}", "-of", "json"))["streams"]
    return streams[0] if streams else {}


def stream_bytes(path, stream, kind):
    """Bytes of all packets of one stream, without the container. Raises CodecError."""
    listed = _ffprobe(path, stream, kind, "-show_entries", "packet=size", "-of", "default=noprint_wrappers=1:nokey=1")
    return sum(int(line) for line in listed.split())


def file_digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
