"""A benchmark program and the test that runs it once at a tiny size."""

def benchmark(name, deps, srcs = [], args = [], data = [], tags = []):
    """Declares the program NAME and the test NAME_smoke_test.

    Args:
      name: of the program; bazel run //bench:NAME.
      deps: libraries, beside what every benchmark uses.
      srcs: sources; none where a library has main().
      args: what the program is run with, its $(rootpath ...) expanded.
      data: files that args name.
      tags: of both; "manual" keeps them out of //... .
    """
    native.cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        args = args,
        data = data,
        tags = tags,
        deps = deps + ["//bench:report"],
    )
    native.sh_test(
        name = name + "_smoke_test",
        size = "small",
        srcs = ["//bench:smoke_test.sh"],
        args = ["$(rootpath :%s)" % name] + args,
        data = data + [":" + name],
        tags = tags + ["bench_smoke"],
    )
