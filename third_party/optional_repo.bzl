"""A repository rule for Debian packages that may be missing.

Benchmarks set our code beside others' where their packages are installed; the
product, its tests and CI never need them.
"""

load(":system_repo.bzl", "debian_libdir")

# For queries over all targets, which find the manual ones too.
_ABSENT = """
cc_library(
    name = %r,
    tags = ["manual"],
    visibility = ["//visibility:public"],
)
"""

def _optional_repository_impl(ctx):
    libdir = debian_libdir(ctx)
    symlinks = {src.replace("{libdir}", libdir): dst for src, dst in ctx.attr.symlinks.items()}
    needs = [path.replace("{libdir}", libdir) for path in ctx.attr.needs]
    present = all([ctx.path(path).exists for path in symlinks.keys() + needs])
    ctx.file("WORKSPACE", "workspace(name = %r)\n" % ctx.name)
    ctx.file("present.bzl", "PRESENT = %r\n" % present)
    if not present:
        ctx.file("BUILD.bazel", _ABSENT % ctx.attr.library)
        return
    for src, dst in symlinks.items():
        ctx.symlink(src, dst)
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

optional_repository = repository_rule(
    implementation = _optional_repository_impl,
    doc = """Its //:present.bzl says whether all that is needed is there.

    Where it is not, its library is empty. Bazel looks once for each value of
    IOVALAB_PEERS, which tools/bench sets to the installed versions.""",
    local = True,
    environ = ["IOVALAB_PEERS"],
    attrs = {
        "build_file": attr.label(mandatory = True, allow_single_file = True),
        "library": attr.string(mandatory = True, doc = "The target that users name."),
        "needs": attr.string_list(doc = "What is used where it is."),
        "symlinks": attr.string_dict(),
    },
)
