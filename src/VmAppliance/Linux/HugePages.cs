namespace VmAppliance.Linux;

/// <summary>Transparent huge pages: prctl(2), PR_SET_THP_DISABLE. This process begins without (entry.c says why), and its children would inherit that.</summary>
static class HugePages
{
    /// <summary>Has them again, for what is started or executed from now on.</summary>
    public static void Restore() => _ = Native.prctl(Native.PR_SET_THP_DISABLE, 0, 0, 0, 0);
}
