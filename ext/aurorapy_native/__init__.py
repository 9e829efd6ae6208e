"""The hot paths of aurorapy, in Cython: small modules that mirror the floors of `aurorapy` and obey them."""
