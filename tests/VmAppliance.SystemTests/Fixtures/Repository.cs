using System.Runtime.CompilerServices;

namespace VmAppliance.SystemTests.Fixtures;

/// <summary>Where things are in the checkout that these tests were built from.</summary>
static class Repository
{
    /// <summary>The top directory.</summary>
    public static string Root { get; } = Path.GetFullPath("../../..", Path.GetDirectoryName(ThisFile())!);

    /// <summary>The program under test: <c>make build</c>.</summary>
    public static string Binary { get; } = $"{Root}/out/vmappliance";

    /// <summary>The guest image under test: <c>make image</c>.</summary>
    public static string Image { get; } = $"{Root}/out/image/debian";

    /// <summary>A path below the top directory.</summary>
    public static string At(string path) => $"{Root}/{path}";

    static string ThisFile([CallerFilePath] string path = "") => path;
}
