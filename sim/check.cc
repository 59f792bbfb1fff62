#include "sim/check.h"

#include <cstdio>
#include <cstdlib>

namespace iovalab::sim {

void CheckFailed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
  std::abort();
}

}  // namespace iovalab::sim
