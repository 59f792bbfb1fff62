#ifndef IOVALAB_MODEL_KERNEL_PIN_H_
#define IOVALAB_MODEL_KERNEL_PIN_H_

// Pin counts of host pages (L5, store kPins: keys HPA, target = count).
//
// Not for: accounting against RLIMIT_MEMLOCK, which counts every pin and
// belongs to who pins (vhost_vdpa.h).
//
// Invariants: no entry has count 0; neighbouring entries that touch have
// different counts, so equal counts give equal stores whatever the history.

#include "model/addr/address.h"
#include "model/event/rules.h"
#include "model/store/sink.h"

namespace iovalab {

inline constexpr StoreId kPinStore{StoreKind::kPins, 0};

// One more pin on every page of [first, last] (whole pages).
void PinPages(Hpa first, Hpa last, Rule rule, Sink& sink);
// One less; every page has one (checked).
void UnpinPages(Hpa first, Hpa last, Rule rule, Sink& sink);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_KERNEL_PIN_H_
