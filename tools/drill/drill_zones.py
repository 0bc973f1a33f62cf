# SPDX-License-Identifier: BSD-2-Clause
"""The example zones of the drill: records that are written as a zone file, and
what a right answer to a question about them is. Versions of one zone differ by
their serial, which is also in the text of every name `v.*`."""
import copy

SOA_TIMES = "3600 600 86400 60"


class Zone:
    """A version. Owners are relative ("@": the apex), data as in a file."""

    def __init__(self, name, serial=1, records=(), ttl=300):
        self.name, self.serial, self.ttl = name, serial, ttl
        self.records = list(records)

    def copy(self, **changes):
        other = copy.deepcopy(self)
        for key, value in changes.items():
            setattr(other, key, value)
        return other

    def next(self, without=None, more=()):
        """The next serial; `without`: a predicate of (owner, type, data)."""
        kept = [r for r in self.records if not (without and without(*r))]
        return self.copy(serial=self.serial + 1, records=kept + list(more))

    def lines(self):
        yield "$ORIGIN %s." % self.name
        yield "$TTL %d" % self.ttl
        yield "@ SOA ns hostmaster %d %s" % (self.serial, SOA_TIMES)
        for owner, kind, data in self.records:
            yield "%s %s %s" % (owner, kind, data)

    def text(self):
        return "\n".join(self.lines()) + "\n"

    def full(self, owner):
        return self.name if owner == "@" else owner + "." + self.name

    def _at(self, owner):
        return [(k, d) for o, k, d in self.records if o == owner]

    def _exists(self, owner):
        """An empty non-terminal is there, too."""
        return owner == "@" or any(
            o == owner or o.endswith("." + owner) for o, _, _ in self.records)

    def _found(self, owner):
        """The records of an owner, perhaps a wildcard's; None: none such."""
        if self._exists(owner):
            return self._at(owner)
        labels = owner.split(".")
        for i in range(1, len(labels) + 1):
            above = ".".join(labels[i:]) or "@"
            if self._exists(above):
                star = "*" if above == "@" else "*." + above
                return self._at(star) if self._exists(star) else None
        return None

    def _is_below_cut(self, owner):
        labels = owner.split(".")
        return owner != "@" and any(
            k == "NS" for i in range(len(labels))
            for k, _ in self._at(".".join(labels[i:])))

    def answer(self, owner, kind):
        """(rcode, records of the answer as "TYPE data"), one alias long."""
        if self._is_below_cut(owner):
            return 0, frozenset()
        found = self._found(owner)
        if found is None:
            return 3, frozenset()
        alias = [d for k, d in found if k == "CNAME"]
        if alias and kind != "CNAME":
            rcode, behind = self.answer(alias[0], kind)
            return rcode, behind | {"CNAME " + self.full(alias[0])}
        return 0, frozenset(self._data(k, d) for k, d in found if k == kind)

    def _data(self, kind, data):
        if kind in ("CNAME", "NS"):
            data = self.full(data)
        elif kind == "MX":
            data = data.split()[0] + " " + self.full(data.split()[1])
        elif kind == "TXT":
            data = data.strip('"')
        return "%s %s" % (kind, data)


def shop(serial=1):
    """The endpoint of the outage and all that may happen to it."""
    records = [("@", "NS", "ns"), ("@", "MX", "10 mail"),
               ("ns", "A", "192.0.2.1"), ("mail", "A", "192.0.2.25"),
               ("www", "AAAA", "2001:db8::10"), ("web", "CNAME", "www"),
               ("*.cust", "A", "192.0.2.80"), ("labs", "NS", "ns.labs"),
               ("ns.labs", "A", "192.0.2.99")]
    records += [("www", "A", "192.0.2.%d" % i) for i in (10, 11)]
    records += [("api", "A", "198.51.100.%d" % i) for i in range(1, 7)]
    records += [("n%02d" % i, "A", "203.0.113.%d" % i) for i in range(1, 81)]
    return Zone("shop.test", serial, records)


def plain(serial=1):
    """The other zone, that nothing may happen to."""
    records = [("@", "NS", "ns"), ("ns", "A", "192.0.2.2")]
    records += [("p%02d" % i, "TXT", '"plain %d"' % i) for i in range(1, 31)]
    return Zone("plain.test", serial, records)


def shop_questions():
    names = [("@", "MX"), ("www", "A"), ("www", "AAAA"), ("web", "A"),
             ("mail", "A"), ("x7.cust", "A"), ("y.cust", "A"),
             ("h.labs", "A"), ("nobody", "A"), ("ns", "A")]
    names += [("api", "A")] * 4 + [("x7.cust", "A"), ("y.cust", "A")] * 5
    return names + [("n%02d" % i, "A") for i in range(1, 81)]


def plain_questions():
    return [("p%02d" % i, "TXT") for i in range(1, 31)] + [
        ("ns", "A"), ("none", "A")]
