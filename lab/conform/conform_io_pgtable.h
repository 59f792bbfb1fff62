#ifndef IOVALAB_LAB_CONFORM_CONFORM_IO_PGTABLE_H_
#define IOVALAB_LAB_CONFORM_CONFORM_IO_PGTABLE_H_

// Recordings of Linux's io-pgtable-arm.c: map, unmap and iova_to_phys calls,
// and at the end the leaves and the number of tables.
//
// Not for: users of conform (conform.h).

#include "lab/conform/conform_kind.h"

namespace iovalab {

extern const ConformKind kConformIoPgtable;

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_CONFORM_IO_PGTABLE_H_
