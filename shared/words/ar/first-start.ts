import type { firstStart as english } from '../en/first-start.ts'
import type { Translation } from '../say.ts'

/** The page of the first start, on loopback only. */
export const firstStart = {
  'first.title': 'التشغيل الأول، Parley',
  'first.bar': 'التشغيل الأول',
  'first.sample': 'عملية نموذجية',
  'first.running': 'القاعة تعمل. محفوظة على هذا القرص، ولا تحتاج إلى شبكة',
  'first.only-here': 'لا توجد هذه الصفحة إلا على هذا الجهاز',
  'first.only-here-words':
    'من يجلس إلى هذا الجهاز يستطيع فتح أي مقعد. لا تتلقى الأجهزة الأخرى جواباً هنا، وليس لأي عملية من عملياتكم هذه الصفحة.',
  'first.label': 'أين تُرى هذه الصفحة',
  'first.about': 'عملية متخيلة: {parties}، {seats}. افتحوا مقعدين أو ثلاثة جنباً إلى جنب.',
  'first.parties': {
    zero: 'بلا أطراف',
    one: 'طرف واحد',
    two: 'طرفان',
    few: '{count} أطراف',
    many: '{count} طرفاً',
    other: '{count} طرف',
  },
  'first.seats': {
    zero: 'بلا مقاعد',
    one: 'مقعد واحد',
    two: 'مقعدان',
    few: '{count} مقاعد',
    many: '{count} مقعداً',
    other: '{count} مقعد',
  },
  'first.open': 'فتح',
  'first.open-seat': 'فتح {name}، {role}، في علامة تبويب جديدة',
  'first.apart':
    'يُفتح كل مقعد في علامة تبويب خاصة به. تبقى المقاعد المتعددة في متصفح واحد منفصلة، ولا يُخرج أحدها الآخر.',
  'first.blocked': 'لم يفتح المتصفح علامة التبويب الجديدة. اسمحوا بها لهذه الصفحة، أو اتبعوا هذا الرابط:',
  'first.try': 'ما يمكن تجربته',
  'first.try-1': 'طرفان وبند واحد',
  'first.try-1-words': 'افتحوا {one} و{other}. اكتبوا في البند 5.2 من كليهما في آن واحد: تقف كل إضافة بين أقواسها.',
  'first.try-2': 'فتح مسار ثم إغلاقه',
  'first.try-2-words':
    'من مقعد {mediator}، أتيحوا لـ{party} قراءة نص الجلسة العامة، وانظروا إليه يصل إلى {person}، ثم اسحبوه.',
  'first.try-3': 'البحث عن المحجوب',
  'first.try-3-words':
    'من مقعد {one}، اكتبوا في اجتماع وفدكم. ثم ابحثوا عن تلك الكلمات من مقعد أي طرف آخر، بما فيه فريق الوساطة.',
  'first.own': 'محادثاتكم أنتم',
  'first.own-words': 'اكتبوا ملف عملية، ثم دعوا القاعة تُعد دعوة لكل مقعد.',
  'first.own-sample': 'يصلح النموذج نقطة انطلاق: {file}',
  'first.unreachable.title': 'يتعذر الوصول إلى القاعة',
  'first.unreachable.words': 'الخادوم لا يجيب. شغّلوه من جديد بالأمر npm start، ثم أعيدوا تحميل هذه الصفحة.',
  'first.loading': 'جارٍ البحث عن العملية النموذجية',
} as const satisfies Translation<typeof english, 'ar'>
