/** The type of what Kubernetes stores: a value that nobody changes in place, because cached objects are shared. */
export type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T
