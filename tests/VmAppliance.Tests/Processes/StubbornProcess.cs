using System.Globalization;
using System.Runtime.CompilerServices;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Processes;

/// <summary>A process of an ordinary user whose command line cannot be read: stubborn.c tells how it does that. It is let go, and gone, with this.</summary>
sealed class StubbornProcess : IDisposable
{
    const int Nobody = 65534;

    readonly TempDirectory _directory = new();
    readonly Child _server;

    /// <summary>Starts it.</summary>
    /// <param name="words">Words of its command line.</param>
    public StubbornProcess(params string[] words)
    {
        CommandRunner.Require("compile", ["cc", "-O1", "-pthread", "-o", _directory["stubborn"], Source()]);
        // The file system's root must be everybody's to enter.
        File.SetUnixFileMode(_directory.Path, (UnixFileMode)0x1ED /* 0755 */);
        Directory.CreateDirectory(_directory["mount"]);
        _server = Child.Start([_directory["stubborn"], _directory["mount"], $"{Nobody}", .. words]);
        var said = _server.ReadLine();
        Pid = int.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : throw new InvalidOperationException(said);
    }

    /// <summary>Its number.</summary>
    public int Pid { get; }

    /// <summary>The number of its file system's server, which is root's and runs the same program.</summary>
    public int Server => _server.Pid;

    static string Source([CallerFilePath] string path = "") => $"{Path.GetDirectoryName(path)}/stubborn.c";

    public void Dispose()
    {
        _server.Signal(15 /* SIGTERM */);
        _server.Wait();
        _server.Dispose();
        _directory.Dispose();
    }
}
