"""Functions from images: archives and layouts as other tools write them, and a real registry."""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile

import pytest
import requests
from functions import FunctionRuntime, module
from registry import Registry
from runtime import BINARY, wait_until

if not shutil.which("docker-registry"):
    pytest.skip("there is no docker-registry on this machine", allow_module_level=True)

requests.packages.urllib3.disable_warnings()

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def runtime(tmp_path):
    with FunctionRuntime(tmp_path, app_id="app") as runtime:
        yield runtime


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with Registry(tmp_path_factory.mktemp("registry") / "open") as registry:
        yield registry


def tar(*entries):
    """A tar of (name, bytes) files; other values are ready TarInfos."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry)
            else:
                info = tarfile.TarInfo(entry[0])
                info.size = len(entry[1])
                archive.addfile(info, io.BytesIO(entry[1]))
    return out.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def link(name, target, hard=False):
    info = tarfile.TarInfo(name)
    info.type = tarfile.LNKTYPE if hard else tarfile.SYMTYPE
    info.linkname = target
    return info


def saved(layers, config, pack=lambda data: data):
    """What `docker save` wrote before it wrote layouts."""
    document = {"config": config, "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]}}
    names = [f"{index}/layer.tar" for index in range(len(layers))]
    return tar(
        ("config.json", json.dumps(document).encode()), *zip(names, map(pack, layers)),
        ("manifest.json", json.dumps([{"Config": "config.json", "RepoTags": ["x:1"], "Layers": names}]).encode()))


def test_archives_of_other_tools(runtime, tmp_path):
    code = {name: module(tmp_path, name).read_bytes() for name in ("one", "two", "three")}
    long = "a/" * 60 + "deep.wasm"
    cases = {
        "plain": ("one", saved([tar(("app.wasm", code["one"]))], {"Cmd": ["app.wasm"]})),
        "packed": ("one", gzip.compress(saved([tar(("./app.wasm", code["one"]))], {"Entrypoint": ["/app.wasm"]}, gzip.compress))),
        "folder": ("two", saved([tar(("srv/x.wasm", code["two"]), ("y.wasm", code["one"]))], {"WorkingDir": "/srv", "Cmd": ["x.wasm", "-v"]})),
        "replaced": ("two", saved([tar(("a.wasm", code["one"])), tar(("a.wasm", code["two"]))], {"Cmd": ["a.wasm"]})),
        "whiteout": ("one", saved([tar(("a.wasm", code["one"]), ("b.wasm", code["two"])), tar((".wh.b.wasm", b""))], {})),
        "opaque": ("three", saved([tar(("d/a.wasm", code["one"])), tar(("d/.wh..wh..opq", b""), ("d/c.wasm", code["three"]))], {})),
        "links": ("one", saved([tar(("bin/real.wasm", code["one"]), link("run.wasm", "bin/real.wasm", hard=True),
                                    link("bin/start.wasm", "../run.wasm"))], {"Cmd": ["/bin/start.wasm"]})),
        "long": ("one", saved([tar((long, code["one"]))], {"Cmd": [long]})),
    }
    for name, (answer, data) in cases.items():
        (tmp_path / f"{name}.tar").write_bytes(data)
        runtime.fn("deploy", name, f"{name}.tar")
        assert runtime.call(f"/{name}").text == answer, name
    # A folder with one module in it.
    (tmp_path / "single").mkdir()
    module(tmp_path / "single", "two")
    runtime.fn("deploy", "single", "./single/")
    assert runtime.call("/single").text == "two"


def test_archives_that_mean_harm_or_are_broken(runtime, tmp_path):
    runtime.fn("deploy", "calm", module(tmp_path, "calm"))
    code = module(tmp_path, "one").read_bytes()
    good = saved([tar(("app.wasm", code))], {"Cmd": ["app.wasm"]})
    loop = [link("a.wasm", "b.wasm"), link("b.wasm", "a.wasm")]
    wrong = saved([tar(("app.wasm", code))], {"Cmd": ["app.wasm"]}).replace(digest(tar(("app.wasm", code))).encode(), b"sha256:" + b"0" * 64)
    cases = {
        "up": (saved([tar(("../../etc/app.wasm", code))], {"Cmd": ["app.wasm"]}), "leads out of the archive"),
        "uplink": (saved([tar(link("a.wasm", "../../../etc/passwd"))], {"Cmd": ["a.wasm"]}), "leads out of the image"),
        "loop": (saved([tar(*loop)], {"Cmd": ["a.wasm"]}), "leads nowhere"),
        "gone": (saved([tar(("app.wasm", code))], {"Cmd": ["other.wasm"]}), "which it does not have; it has app.wasm"),
        "two": (saved([tar(("a.wasm", code), ("b.wasm", code))], {"Cmd": ["sh"]}), "has 2 modules"),
        "none": (saved([tar(("a.txt", b"x"))], {"Cmd": ["sh"]}), "has no module"),
        "digest": (wrong, "does not have the digest"),
        "cut": (good[:530], "ends within an entry"),
        "sum": (good[:1024] + b"\1" + good[1025:], "checksum"),
        "other": (tar(("readme", b"x")), "neither index.json nor manifest.json"),
        "zstd": (saved([tar(("app.wasm", code))], {"Cmd": ["app.wasm"]}, lambda _: b"\x28\xb5\x2f\xfd" + b"x" * 600), "zstd"),
        "gzip": (b"\x1f\x8b\x08\0" + os.urandom(500), "no good gzip"),
        "bomb": (saved([tar(("app.wasm", code))], {"Cmd": ["app.wasm"]}, lambda _: gzip.compress(bytes(330 << 20), 1)), "more than 320 MiB"),
    }
    for name, (data, part) in cases.items():
        (tmp_path / f"{name}.tar").write_bytes(data)
        ended = runtime.run_fn("deploy", "hello", f"{name}.tar")
        assert ended.returncode == 1 and part in ended.stderr, (name, ended.stderr)
        assert runtime.call("/hello").status == 404, name


@pytest.mark.parametrize("form", ["artifact", "image"])
@pytest.mark.parametrize("path", ["image.tar", "image"])
def test_packages_are_images(runtime, tmp_path, form, path):
    one = module(tmp_path, "one")
    made = runtime.fn_json("package", one, "--to", path, "--form", form, "--tag", "hello:1")
    assert runtime.fn_json("package", one, "--to", f"again-{path}", "--form", form)["digest"] == made["digest"]
    if path.endswith(".tar"):
        with tarfile.open(tmp_path / path) as archive:
            read = lambda name: archive.extractfile(name).read()  # noqa: E731
            index, names = json.loads(read("index.json")), archive.getnames()
            blobs = {name: read(name) for name in names if name.startswith("blobs/")}
            assert json.loads(read("oci-layout")) == {"imageLayoutVersion": "1.0.0"}
    else:
        index = json.loads((tmp_path / path / "index.json").read_text())
        blobs = {str(file.relative_to(tmp_path / path)): file.read_bytes() for file in (tmp_path / path / "blobs/sha256").iterdir()}
    for name, data in blobs.items():
        assert digest(data) == "sha256:" + name.split("/")[-1]
    assert index["manifests"][0]["digest"] == made["digest"] and index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"] == "hello:1"
    manifest = json.loads(blobs["blobs/sha256/" + made["digest"][7:]])
    layer = blobs["blobs/sha256/" + manifest["layers"][0]["digest"][7:]]
    config = json.loads(blobs["blobs/sha256/" + manifest["config"]["digest"][7:]])
    if form == "artifact":
        assert manifest["config"]["mediaType"] == "application/vnd.wasm.config.v0+json" and layer == one.read_bytes()
        assert manifest["layers"][0]["mediaType"] == "application/wasm" and config["layerDigests"] == [digest(layer)]
    else:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer))) as inner:
            assert inner.extractfile("one.wasm").read() == one.read_bytes()
        assert config["rootfs"]["diff_ids"] == [digest(gzip.decompress(layer))] and config["config"]["Cmd"] == ["/one.wasm"]
    runtime.fn("deploy", "hello", path)
    assert runtime.call("/hello").text == "one"
    # A blob that is not what its name says.
    if not path.endswith(".tar"):
        (tmp_path / path / "blobs/sha256" / manifest["layers"][0]["digest"][7:]).write_bytes(b"x" + layer[1:])
        ended = runtime.run_fn("deploy", "hello", path)
        assert ended.returncode == 1 and "has the digest" in ended.stderr


def test_push_and_pull(runtime, registry, tmp_path):
    one = module(tmp_path, "one")
    name = f"{registry.address}/team/hello:1.0"
    for form, answer in (("artifact", "one"), ("image", "one")):
        pushed = runtime.fn("package", one, "--push", name, "--form", form).strip()
        assert pushed.startswith(name + "@sha256:")
        runtime.fn("deploy", "hello", name)
        assert runtime.call("/hello").text == answer
        runtime.fn("deploy", "pinned", f"oci://{pushed}")
        assert runtime.fn_json("describe", "pinned")["revisions"][-1]["source"] == pushed
    tags = requests.get(f"{registry.url}/v2/team/hello/tags/list").json()
    assert tags["tags"] == ["1.0"]


def test_images_of_other_makes(runtime, registry, tmp_path):
    code = {name: module(tmp_path, name).read_bytes() for name in ("one", "two")}
    layer = {"mediaType": "application/vnd.wasm.content.layer.v1+wasm", **registry.put_blob("older", code["one"])}
    config = {"mediaType": "application/vnd.wasm.config.v1+json", **registry.put_blob("older", b"{}")}
    older = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
    one = registry.put_manifest("older", "1", older, MANIFEST)
    runtime.fn("deploy", "older", f"{registry.address}/older:1")
    assert runtime.call("/older").text == "one"

    second = {**older, "layers": [{**layer, **registry.put_blob("older", code["two"])}]}
    two = registry.put_manifest("older", "2", second, MANIFEST)
    amd = {"os": "linux", "architecture": "amd64"}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {**one, "platform": amd}, {**one, "platform": {"os": "linux", "architecture": "arm64"}},
        {**two, "platform": {"os": "wasi", "architecture": "wasm"}}, {**one, "platform": {"os": "unknown", "architecture": "unknown"}}]}
    registry.put_manifest("older", "many", index, INDEX)
    runtime.fn("deploy", "many", f"{registry.address}/older:many")
    assert runtime.call("/many").text == "two"
    registry.put_manifest("older", "foreign", {**index, "manifests": [
        {**one, "platform": {"os": "linux", "architecture": cpu}} for cpu in ("s390x", "riscv64")]}, INDEX)
    layered = {**older, "layers": [layer, layer]}
    registry.put_manifest("older", "twice", layered, MANIFEST)
    short = {**older, "layers": [{**layer, "size": 5}]}
    for tag, document, part in (
        ("foreign", None, "it has linux/s390x, linux/riscv64"), ("twice", None, "2 layers with modules"), ("gone", None, "answered 404"),
        ("short", short, "the image says 5"),
    ):
        if document is not None:
            requests.put(f"{registry.url}/v2/older/manifests/{tag}", json=document, headers={"content-type": MANIFEST})
        ended = runtime.run_fn("deploy", "bad", f"{registry.address}/older:{tag}")
        assert ended.returncode == 1 and part in ended.stderr, (tag, ended.stderr)
    ended = runtime.run_fn("deploy", "bad", f"{registry.address}/older:1@sha256:{'0' * 64}")
    assert ended.returncode == 1 and "404" in ended.stderr
    for bad in ("UPPER/x", f"{registry.address}/older:", "oci://a b/c", f"{registry.address}/x@sha256:12"):
        assert "is no name of an image" in runtime.run_fn("deploy", "bad", bad).stderr, bad


def test_what_the_registry_damaged_is_refused(runtime, tmp_path):
    with Registry(tmp_path / "registry") as registry:
        runtime.fn("package", module(tmp_path, "one"), "--push", f"{registry.address}/hello:1")
        for file in (tmp_path / "registry/data").rglob("data"):
            data = file.read_bytes()
            if data[:4] == b"\0asm":
                file.write_bytes(data[:-1] + b"\xff")
        ended = runtime.run_fn("deploy", "hello", f"{registry.address}/hello:1")
        assert ended.returncode == 1 and "has the digest" in ended.stderr
    ended = runtime.run_fn("deploy", "hello", f"{registry.address}/hello:1")
    assert ended.returncode == 1 and "cannot be reached" in ended.stderr


@pytest.mark.parametrize("access", ["basic", "token"])
def test_passwords(runtime, tmp_path, access):
    with Registry(tmp_path / "registry", access=access) as registry:
        words = ["package", module(tmp_path, "one"), "--push", f"{registry.address}/team/hello:1"]
        ended = runtime.run_fn(*words)
        assert ended.returncode == 1 and "401" in ended.stderr and "no password" in ended.stderr
        registry.log_in(runtime.folder)
        runtime.fn(*words)
        runtime.fn("deploy", "hello", f"{registry.address}/team/hello:1")
        assert runtime.call("/hello").text == "one"
        if access == "token":
            assert {"repository:team/hello:pull", "repository:team/hello:pull,push"} & set(registry.tokens.scopes)


def test_tls(runtime, tmp_path):
    with Registry(tmp_path / "registry", tls=True) as registry:
        words = ["package", module(tmp_path, "one"), "--push", f"{registry.address}/hello:1"]
        ended = runtime.run_fn(*words)
        assert ended.returncode == 1 and "certificate" in ended.stderr.lower(), ended.stderr
        registry.trust(runtime.folder)
        runtime.fn(*words)
        runtime.fn("deploy", "hello", f"{registry.address}/hello:1")
        assert runtime.call("/hello").text == "one"


FUNCTION = """
apiVersion: mecha.io/v1alpha1
kind: Function
metadata:
  name: hello
spec:
  source:
    image: {image}
"""


def test_files_name_images_and_a_registry_that_is_away_stops_nothing(tmp_path):
    with Registry(tmp_path / "registry") as registry:
        name = f"{registry.address}/hello:1"
        runtime = FunctionRuntime(tmp_path, app_id="app", resources={"hello.yaml": FUNCTION.format(image=name)})
        with runtime:
            wait_until(lambda: "404" in runtime.log, "the image that is not there to be told")
            runtime.fn("deploy", "calm", module(tmp_path, "calm"))
            runtime.fn("package", module(tmp_path, "one"), "--push", name)
            runtime.fn("package", module(tmp_path, "two"), "--push", f"{registry.address}/hello:2")
            runtime.write("hello.yaml", FUNCTION.format(image=name) + "  configuration: again\n")
            wait_until(lambda: runtime.call("/hello").text == "one", "the image to be pulled")
            runtime.write("hello.yaml", FUNCTION.format(image=f"{registry.address}/hello:2"))
            wait_until(lambda: runtime.call("/hello").text == "two", "the other image")
            source = runtime.fn_json("describe", "hello")["revisions"][-1]["source"]
            assert source.startswith(f"{registry.address}/hello:2@sha256:")
            runtime.stop()
        registry.process.kill()
        with runtime.start():
            assert runtime.call("/hello").text == "two"
            assert "goes on with revision" in runtime.log and runtime.fn_json("describe", "hello")["latest"] == 2
            runtime.stop()
        # One that is named by its digest is not even asked for.
        runtime.write("hello.yaml", FUNCTION.format(image=source))
        with runtime.start():
            assert runtime.call("/hello").text == "two" and runtime.log.count("goes on with revision") == 1


def test_without_a_name_of_anything(tmp_path):
    environment = {**os.environ, "HOME": str(tmp_path), "MECHA_HOME": str(tmp_path / "home")}
    for words, part in (
        (["package", "x.wasm"], "--to"), (["package", "gone.wasm", "--to", "x"], "No such file"),
        (["package", "gone.wasm", "--to", "x", "--form", "zip"], "no form"),
    ):
        ended = subprocess.run([BINARY, "fn", *words], env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert ended.returncode != 0 and part in ended.stderr, (words, ended.stderr)
