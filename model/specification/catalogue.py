"""The specifications that histories from outside can be judged by, by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from model.specification.collections import QueueSpecification, SetSpecification
from model.specification.interface import Specification
from model.specification.key_value import KeyValueSpecification
from model.specification.locks import LeaseSpecification, MutexSpecification
from model.specification.registers import RegisterSpecification, VersionedRegisterSpecification

SPECIFICATIONS: Final[Mapping[str, Specification[Any]]] = MappingProxyType(
    {
        "register": RegisterSpecification(),
        "cas-register": RegisterSpecification(),
        "versioned-register": VersionedRegisterSpecification(),
        "key-value": KeyValueSpecification(),
        "mutex": MutexSpecification(),
        "lease": LeaseSpecification(),
        "queue": QueueSpecification(),
        "set": SetSpecification(),
    }
)
