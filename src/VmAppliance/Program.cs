using VmAppliance.Modes;

// argv → mode → exit status
return Hooks.Run() ?? CommandLine.Run(args);
