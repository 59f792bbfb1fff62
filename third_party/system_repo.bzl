"""Repository rules that expose Debian's -dev packages as Bazel repositories.

Headers and static archives are symlinked into the repository, so they are
ordinary tracked inputs; nothing is downloaded.
"""

def debian_libdir(ctx):
    """Debian's multiarch library directory.

    Args:
      ctx: of a repository rule.

    Returns:
      The path, e.g. /usr/lib/x86_64-linux-gnu.
    """
    result = ctx.execute(["gcc", "-print-multiarch"])
    if result.return_code != 0:
        fail("cannot run gcc: " + result.stderr)
    return "/usr/lib/" + result.stdout.strip()

def _link(ctx, src, dst, apt_package):
    if not ctx.path(src).exists:
        fail("%s is missing: run tools/setup (apt-get install %s)" % (src, apt_package))
    ctx.symlink(src, dst)

def _system_repository_impl(ctx):
    libdir = debian_libdir(ctx)
    for src, dst in ctx.attr.symlinks.items():
        _link(ctx, src.replace("{libdir}", libdir), dst, ctx.attr.apt_package)
    ctx.file("WORKSPACE", "workspace(name = %r)\n" % ctx.name)
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

system_repository = repository_rule(
    implementation = _system_repository_impl,
    local = True,
    attrs = {
        "apt_package": attr.string(mandatory = True),
        "build_file": attr.label(mandatory = True, allow_single_file = True),
        "symlinks": attr.string_dict(mandatory = True),
    },
)

# The usual Bazel labels of Abseil, and the pkg-config module (less the "absl_"
# prefix) that Debian ships for each. Where the two names agree, the value is None.
_ABSL_LABELS = {
    "absl/algorithm": {"container": "algorithm_container", "algorithm": None},
    "absl/base": {"base": None, "core_headers": None, "config": None, "endian": None, "prefetch": None},
    "absl/cleanup": {"cleanup": None},
    "absl/container": {
        "btree": None,
        "fixed_array": None,
        "flat_hash_map": None,
        "flat_hash_set": None,
        "inlined_vector": None,
        "node_hash_map": None,
        "node_hash_set": None,
    },
    "absl/debugging": {
        "failure_signal_handler": None,
        "stacktrace": None,
        "symbolize": None,
    },
    "absl/flags": {
        "flag": "flags",
        "marshalling": "flags_marshalling",
        "parse": "flags_parse",
        "reflection": "flags_reflection",
        "usage": "flags_usage",
    },
    "absl/functional": {"any_invocable": None, "bind_front": None, "function_ref": None},
    "absl/hash": {"hash": None},
    "absl/memory": {"memory": None},
    "absl/meta": {"type_traits": None},
    "absl/numeric": {"bits": None, "int128": None},
    "absl/random": {"random": "random_random", "bit_gen_ref": "random_bit_gen_ref", "distributions": "random_distributions"},
    "absl/status": {"status": None, "statusor": None},
    "absl/strings": {"cord": None, "str_format": None, "strings": None},
    "absl/synchronization": {"synchronization": None},
    "absl/time": {"time": None},
    "absl/types": {"any": None, "optional": None, "span": None, "variant": None},
    "absl/utility": {"utility": None},
}

def _parse_pc(text):
    """Returns (modules required, libraries linked) of a pkg-config file."""
    requires, libs = [], []
    for line in text.splitlines():
        if line.startswith("Requires:"):
            requires = [r.split("=")[0].strip() for r in line[len("Requires:"):].split(",") if r.strip()]
        elif line.startswith("Libs:"):
            libs = [w[2:] for w in line.split(" ") if w.startswith("-labsl_")]
    return requires, libs

def _absl_system_repository_impl(ctx):
    libdir = debian_libdir(ctx)
    apt_package = "libabsl-dev"
    _link(ctx, "/usr/include/absl", "include/absl", apt_package)
    pc_dir = ctx.path(libdir + "/pkgconfig")
    build = [
        'package(default_visibility = ["//visibility:public"])',
        "cc_library(",
        '    name = "headers",',
        '    hdrs = glob(["include/absl/**/*.h", "include/absl/**/*.inc"]),',
        '    includes = ["include"],',
        '    linkopts = ["-pthread"],',
        ")",
    ]
    modules = {}
    for pc in pc_dir.readdir():
        if not pc.basename.startswith("absl_") or not pc.basename.endswith(".pc"):
            continue
        module = pc.basename[:-len(".pc")]
        modules[module] = True
        requires, libs = _parse_pc(ctx.read(pc))
        srcs = []
        for lib in libs:
            archive = "lib/lib%s.a" % lib
            _link(ctx, "%s/lib%s.a" % (libdir, lib), archive, apt_package)
            srcs.append(archive)
        build += [
            "cc_library(",
            "    name = %r," % module,
            "    srcs = %r," % srcs,
            "    deps = %r," % ([":headers"] + [":" + r for r in requires if r.startswith("absl_") and r != module]),
            ")",
        ]
    ctx.file("WORKSPACE", "workspace(name = %r)\n" % ctx.name)
    ctx.file("BUILD.bazel", "\n".join(build) + "\n")
    for package, labels in _ABSL_LABELS.items():
        lines = ['package(default_visibility = ["//visibility:public"])']
        for name, module in labels.items():
            module = "absl_" + (module or name)
            if module not in modules:
                continue  # not in this release of Abseil
            lines.append("alias(name = %r, actual = %r)" % (name, "//:" + module))
        ctx.file(package + "/BUILD.bazel", "\n".join(lines) + "\n")

absl_system_repository = repository_rule(
    implementation = _absl_system_repository_impl,
    local = True,
)
