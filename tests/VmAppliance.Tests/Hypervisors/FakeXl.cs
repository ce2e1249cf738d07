using VmAppliance.Processes;

namespace VmAppliance.Tests.Hypervisors;

/// <summary>A toolstack of a test's own, that says and does what the test wrote down for it.</summary>
static class FakeXl
{
    /// <summary>Makes it.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="script">What its shell runs.</param>
    /// <returns>Its path.</returns>
    public static string Write(TempDirectory directory, string script)
    {
        // Copied by a process that starts no others: while a child of this one still had it open for writing, it could not be started (ETXTBSY).
        CommandRunner.Require("make xl", ["install", "-m", "755", directory.Write("xl.sh", $"#!/bin/sh\n{script}\n"), directory["xl"]]);
        return directory["xl"];
    }
}
