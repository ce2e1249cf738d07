namespace VmAppliance.Linux;

/// <summary>Flags of open(2), x86-64.</summary>
[Flags]
enum OpenMode
{
    /// <summary>O_RDONLY</summary>
    Read = 0,

    /// <summary>O_WRONLY</summary>
    Write = 1,

    /// <summary>O_RDWR</summary>
    ReadWrite = 2,

    /// <summary>O_CREAT: make the file when it is missing.</summary>
    Create = 0x40,

    /// <summary>O_EXCL: and fail when it is there.</summary>
    Exclusive = 0x80,

    /// <summary>O_NOCTTY: a terminal does not become this process's.</summary>
    NoTerminal = 0x100,

    /// <summary>O_TRUNC</summary>
    Truncate = 0x200,

    /// <summary>O_NONBLOCK</summary>
    NonBlocking = 0x800,

    /// <summary>O_PATH: only to look what it is; nothing is opened.</summary>
    Path = 0x200000,

    /// <summary>O_NOFOLLOW: fail with ELOOP on a symbolic link.</summary>
    NoFollow = 0x20000,
}
