"""The peers that a program's output says it can't connect to.

The text of this file is part of the program that runs inside an image (openhqm_tui/run/checks): it
works on any Python 3 and imports nothing. Even `re` takes seconds under emulation if the standard
library has no bytecode.
"""

# In lower case: what errors of many languages and tools say if a connection is refused, if a name
# can't be resolved, and if there is no route to an address.
REFUSED = (
    *("connection refused", "connection was refused", "econnrefused", "connectionrefused"),
    *("connect call failed", "errno 111", "os error 111", "error 111 connecting", "(111)"),
)
UNRESOLVED = (
    *("name or service not known", "temporary failure in name resolution", "no such host"),
    *("no address associated with host", "nodename nor servname", "name does not resolve"),
    *(
        " enotfound",
        "'enotfound",
        "eai_again",
        "eai_noname",
        "errno -3] try again",
        "nxdomain",
        "gaierror",
    ),
    *("unknownhostexception", "unknown host", "unknown mysql server host", "bad address '"),
    *("could not resolve host", "couldn't resolve host", "unable to resolve host"),
    *("not resolve address", "could not translate host name", "couldn't resolve server"),
    *("dns lookup failed", "dns resolution failed", "host not found", "dial tcp: lookup "),
    *("non-existing domain", "name resolution failed", "failed to lookup address"),
    *("error -2 connecting", "error -3 connecting", "error -5 connecting"),
)
UNREACHABLE = (
    *("network is unreachable", "network unreachable", "enetunreach", "errno 101"),
    *("os error 101", "no route to host", "host is unreachable", "ehostunreach"),
)
# These are less specific, so they count only with an address.
FAILED = (
    *("to connect to", "unable connect", "not connect to", "cannot connect", "can't connect"),
    *("error connecting", "connection failed", "connection to ", "unable to bootstrap"),
    *("waiting ", "may not be available", "is unavailable", "not available"),
    *("not reachable", "no response", "not ready", "unabletoconnect"),
)
# Lines with these are about a program's own sockets.
OWN_SOCKET = ("waiting for connection", "listening", "address already in use", "can't bind")
LOCAL = ("localhost", "localhost.localdomain", "ip6-localhost", "::1", "::", "0.0.0.0")  # noqa: S104
# Before a name or an address in a sentence.
STRONG_LEADS = ("lookup", "enotfound", "eai_again", "eai_noname", "unknownhostexception")
LEADS = (
    *("host", "hostname", "name", "address", "server", "upstream", "for", "to", "at", "on"),
    *("from", "resolve", "reach"),
)
# Words of such sentences that aren't host names.
WORDS = (
    *("a", "addr", "address", "addresses", "all", "an", "and", "any", "as", "associated"),
    *("at", "available", "be", "bootstrap", "broker", "call", "caused", "code", "connect"),
    *("connected", "connecting", "connection", "connections", "could", "database", "dest"),
    *("dial", "dns", "domain", "errno", "error", "errors", "exception", "failed"),
    *("failure", "family", "for", "found", "from", "getaddrinfo", "given", "host"),
    *("hostname", "http", "https", "in", "information", "is", "it", "known", "line"),
    *("local", "lookup", "message", "mysql", "name", "names", "net", "network", "no"),
    *("node", "non-existing", "not", "of", "on", "or", "os", "port", "proto", "refused"),
    *("resolution", "resolve", "resolved", "retry", "running", "server", "service"),
    *("services", "status", "such", "syscall", "tcp", "temporary", "that", "the", "this"),
    *("time", "to", "type", "udp", "unknown", "unresolved", "upstream", "waiting", "was"),
    *("with"),
)
FILES = (
    *(".py", ".go", ".js", ".mjs", ".cjs", ".ts", ".rb", ".java", ".kt", ".scala", ".rs", ".c"),
    *(".cc", ".cpp", ".h", ".php", ".cs", ".ex", ".exs", ".erl", ".pl", ".lua", ".sh", ".conf"),
    *(".cfg", ".ini", ".toml", ".yaml", ".yml", ".json", ".xml", ".html", ".log", ".sock"),
)
# The characters of an address; everything else separates words.
ADDRESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]")
LONGEST_LINE = 2000


def problem_of(line: "str") -> "str":
    """Return the problem with a peer that a line reports, or ''."""
    low = line.lower()
    if any(sign in low for sign in OWN_SOCKET):
        return ""
    for problem, signs in (
        ("unresolved", UNRESOLVED),
        ("unreachable", UNREACHABLE),
        ("refused", REFUSED),
        ("failed", FAILED),
    ):
        if any(sign in low for sign in signs):
            return problem
    return "refused" if "connect" in low and " refused" in low else ""


def complaints(output: "str") -> "list[tuple[str, str, int, str]]":
    """Return each peer that an output can't connect to: problem, host, port, and the line.

    The host is '' and the port 0 if the line doesn't name them. Any loopback address is
    `localhost`.
    """
    low = output.lower()
    if not any(sign in low for sign in (*REFUSED, *UNRESOLVED, *UNREACHABLE, *FAILED, " refused")):
        return []
    lines = [line[:LONGEST_LINE] for line in output.splitlines()]
    found = []
    for at, line in enumerate(lines):
        problem = problem_of(line)
        if not problem:
            continue
        names_only = problem == "unresolved"
        host, port = peer_in(line, names_only)
        if not port and problem == "refused" and not names_only:
            # Some programs print the address on a separate line, before or after the error.
            around = " ".join([*lines[at + 1 : at + 6], *lines[max(at - 1, 0) : at]])
            near_host, near_port = peer_in(around, False)
            if near_port and is_address(near_host):
                host, port = near_host, near_port
        if problem == "failed":
            if not port:
                continue
            problem = "refused" if is_address(host) or host == "localhost" else "unresolved"
        found.append((problem, host, port, line.strip()))
    return found


def peer_in(line: "str", names_only: "bool") -> "tuple[str, int]":
    """Return host and port of the most likely address in a line; '' and 0 if missing."""
    words = split(line)
    best = (0, "", 0)
    for at, word in enumerate(words):
        host, port = host_and_port(word)
        rank = 3 if is_address(host) else 2
        before = words[at - 1].lower().strip(":") if at else ""
        after = number(words[at + 1].strip(":.")) if at + 1 < len(words) else 0
        if not host and port:
            # `|127.0.0.1|:80`, `"port":6379`
            host, rank = host_before(words, at), 3
        elif host and not port and after and (is_address(host) or before in LEADS):
            # `('127.0.0.1', 6379)`, `connect to redis 6379`
            port, rank = after, 3
        elif after and word.lower().strip(":") == "port":
            host, port, rank = host_before(words, at), after, 3
        if not host or not 0 < port < 65536 or (names_only and is_address(host)):
            continue
        if rank > best[0]:
            best = (rank, host, port)
    if best[0]:
        return canonical(best[1]), best[2]
    return canonical(name_in(words, line) if names_only else lone_address(words)), 0


def split(line: "str") -> "list[str]":
    """Return the words of a line that may be parts of an address."""
    line = line.partition("laddr=")[0] + line.partition("raddr=")[2]
    if "lookup " not in line:
        # `read tcp OWN->PEER`
        line = line.rpartition("->")[2]
    line = line.replace("%5B", "[").replace("%5D", "]")
    spaced = "".join(letter if letter in ADDRESS else " " for letter in line)
    return [word.rstrip(".") for word in spaced.split() if word.strip(".:-[]")]


def host_and_port(word: "str") -> "tuple[str, int]":
    """Return host and port in a word: `host:port`, `[v6]:port`, `v6:port`, `host` or `:port`."""
    word = word.rstrip(":") if not word.endswith("::") else word
    if word.startswith("["):
        host, _, port = word[1:].partition("]")
        return (host, number(port[1:])) if is_v6(host) else host_and_port(word[1:])
    word = word.strip("[]")
    host, colon, port = word.rpartition(":")
    if not colon:
        return (word, 0) if is_v4(word) or is_name(word) else ("", 0)
    last = host.rpartition(":")[2]
    if number(port) and (is_v4(host) or is_v4(last)):
        return (host if is_v4(host) else last), number(port)
    if is_v6(word) and not (number(port) and is_v6(host) and host != ":"):
        return word, 0
    if number(port) and (is_v6(host) or is_name(host) or not host):
        return host, number(port)
    return "", 0


def host_before(words: "list[str]", at: "int") -> "str":
    """Return the host that is named shortly before a port."""
    near = [host_and_port(word)[0] for word in reversed(words[max(at - 8, 0) : at])]
    named = [host for host in near if host]
    addresses = [host for host in named if is_address(host)]
    return (addresses or named or [""])[0]


def name_in(words: "list[str]", line: "str") -> "str":
    """Return the name that can't be resolved, or ''."""
    low = [word.lower().rstrip(":") for word in words]
    for leads in (STRONG_LEADS, LEADS):
        for at, word in enumerate(low):
            if word.rpartition(".")[2] in leads:
                following = (host_and_port(one)[0] for one in words[at + 1 : at + 4])
                name = next((host for host in following if host and not is_v4(host)), "")
                if name:
                    return name
    # `ping: redis: Name or service not known`
    start = line.lower().find("name or service not known")
    before = split(line[:start]) if start > 0 else []
    name = host_and_port(before[-1])[0] if before and before[-1].endswith(":") else ""
    return "" if is_address(name) else name


def lone_address(words: "list[str]") -> "str":
    """Return an address without a port."""
    return next((word for word in words if is_v4(word) or word == "localhost"), "")


def number(text: "str") -> "int":
    return int(text) if text.isdigit() and len(text) < 6 else 0


def is_v4(host: "str") -> "bool":
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() and len(part) < 4 for part in parts)


def is_v6(host: "str") -> "bool":
    head, _, last = host.rpartition(":")
    hexadecimal = host.count(":") > 1 and all(c in "0123456789abcdefABCDEF:" for c in head)
    return (
        hexadecimal
        and ("::" in host or host.count(":") == 7)
        and (is_v4(last) or all(c in "0123456789abcdefABCDEF" for c in last))
    )


def is_address(host: "str") -> "bool":
    """Whether a host is an address, or the name of the loopback address."""
    return host.lower() in LOCAL or is_v4(host) or is_v6(host)


def is_name(host: "str") -> "bool":
    low = host.lower()
    return (
        not low.endswith(FILES)
        and low not in WORDS
        and ":" not in host
        and host[:1].isalnum()
        and any(letter.isalpha() for letter in host)
    )


def canonical(host: "str") -> "str":
    """Return `localhost` for every loopback address."""
    low = host.lower()
    bare = low[7:] if low.startswith("::ffff:") else low
    return "localhost" if bare in LOCAL or (bare.startswith("127.") and is_v4(bare)) else low
