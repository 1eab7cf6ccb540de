#include "server/base/precompiled.h"  // the header itself is what this target compiles
